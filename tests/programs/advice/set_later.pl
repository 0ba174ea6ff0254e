# The variable has no value before the closure: it is meant to have the one that it gets.
# help: if something else holds the Timer, capture a weak copy: `weaken\( my \$weak = \$timer \);`.*otherwise .*`delete \$timer->\{cb\};`
# never: assigned again
use strict;
use warnings;
use Devel::MAT::Dumper;

package Timer { sub new { my ( $class, %args ) = @_; return bless {%args}, $class } }

package main;
for ( 1 .. 5 ) { my $timer; $timer = Timer->new( cb => sub { return $timer->{count}++ } ) }

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
