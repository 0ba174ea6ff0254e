# Too much is weak: the objects died early, and the closures that are left hold undef.
# expect: none
use strict;
use warnings;
use Devel::MAT::Dumper;
use Scalar::Util;

our @HANDLERS;

package Player {
    sub new { return bless { score => 0 }, shift }

    sub register {
        my ($self) = @_;
        Scalar::Util::weaken($self);
        push @main::HANDLERS, sub { $self ? $self->{score}++ : 0 };
    }
}

Player->new->register for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
