# Cures the demo's program (pmat_lsp/demo/program): for lib/Courier/HTTP.pm and app.pl.
# A connection that is dropped leaves the array that its callback captures, instead of the array being left with it in;
# and the program dumps its heap when all went well, too.
s/my \$conns = delete \$self->{connections}{ \$conn->address } or return;/my $conns = $self->{connections}{ $conn->address } or return;/
s/my @others = grep { \$_ != \$conn } @\$conns;/@$conns = grep { $_ != $conn } @$conns;/
/ = \\@others if @others;/d
s/^say "\$CHAPTERS/Devel::MAT::Dumper::dumpfh($heap) if $heap;\n&/
