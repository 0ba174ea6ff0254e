use strict; use warnings; use Order::One; use Devel::MAT::Dumper;
for my $n ( 1 .. 20 ) { Order::One->new->fetch }
Devel::MAT::Dumper::dump($ENV{PMAT_OUT});
