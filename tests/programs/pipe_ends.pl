# Leaked objects that hold both ends of a pipe; of the four, one has closed them.
# expect: parent-child count=4 classes=Sink,Source closures=- handles=6
use strict;
use warnings;
use Devel::MAT::Dumper;

sub connect_ends {
    pipe my $read, my $write or die "cannot make a pipe: $!\n";
    my $source = bless { handle => $write }, 'Source';
    my $sink   = bless { handle => $read, source => $source }, 'Sink';
    return $source->{sink} = $sink;
}

connect_ends() for 1 .. 3;
close $_->{handle} for map { ( $_, $_->{source} ) } connect_ends();

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
