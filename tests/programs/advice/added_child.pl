# A method takes a child; neither is made there.
# title: 7 Crate objects can never be freed
# mark: 13 whole
# certainty: certain
# help: weaken\( \$item->\{whole\} \)
use strict;
use warnings;
use Devel::MAT::Dumper;

package Crate {
    sub new { return bless { whole => undef }, shift }
    sub emit { return }
    sub put { my ( $self, $item ) = @_; $self->{piece} = $item; $item->{whole} = $self; $self->emit( whole => $self ); return }
}

package Item { sub new { return bless {}, shift } }

Crate->new->put( Item->new ) for 1 .. 7;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
