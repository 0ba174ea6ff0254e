use strict; use warnings; use Future; use Devel::MAT::Dumper;
my $asked = Future->new; my $done = 0;
$asked->then( sub { Future->done } )->on_done( sub { $done++ } )->retain;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
$asked->done; print "done $done\n";
