# Calls each callback while its object lives: capturing a weak copy changes nothing.
use strict; use warnings; use Thing;
push @Thing::held, Thing->new(0)->hook;
my @seen = map { my $thing = Thing->new($_)->hook; $thing->take->() } 1 .. 5;
print "$_\n" for @seen;
