# The weak copy is made inside a sub that captures the object itself; the string eval makes the inner closure keep
# that sub.
# expect: weak-too-deep count=4 classes=Timer closures=weak_too_deep.pl:15,weak_too_deep.pl:17 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;
use Scalar::Util;

package Timer {
    sub new { return bless { ticks => 0 }, shift }

    sub start {
        my ($self) = @_;
        my $prepare = sub {
            Scalar::Util::weaken( my $weak = $self );
            $self->{on_tick} = sub {
                $weak->{ticks}++;
                return eval '$weak->{ticks} % 2';
            };
        };
        $prepare->();
    }
}

Timer->new->start for 1 .. 4;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
