# Calls each callback when nothing else holds its object any more: capturing a weak copy loses output.
use strict; use warnings; use Thing;
push @Thing::held, Thing->new(0)->hook;
sub try { my $take = Thing->new( $_[0] )->hook->take; return $take->() // 'gone' }
print "begin\n";
print try($_), "\n" for 1 .. 5;
