# The Shop makes its Fixer and gives it itself: the Fixer's reference leads back.
# title: 20 Shop objects can never be freed
# mark: 13 shop
# certainty: certain
# help: weaken\( \$child->\{shop\} \)
use strict;
use warnings;
use Devel::MAT::Dumper;

package Fixer { sub new { my ( $class, %args ) = @_; return bless {%args}, $class } }

package Shop {
    sub new { my ($class) = @_; my $self = bless {}, $class; $self->{fixer} = Fixer->new( shop => $self ); return $self }
}

Shop->new for 1 .. 20;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
