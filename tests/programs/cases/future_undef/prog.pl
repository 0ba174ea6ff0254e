use strict; use warnings; use Future; use Devel::MAT::Dumper;
my $asked = Future->new; my $done = 0;
sub start { my $f = $asked->then( sub { Future->done } ); $f->on_ready( sub { $done++; undef $f } ); return }
start(); Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
$asked->done; print "done $done\n";
