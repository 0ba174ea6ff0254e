# The weak copy is made inside a sub that captures the object itself; the string eval makes the inner closure keep
# that sub.
# cure?: Capture a weakened copy of $self
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

    sub tick { my ($self) = @_; return $self->{on_tick}->() }
}

for ( 1 .. 4 ) {
    my $timer = Timer->new;
    $timer->start;
    print $timer->tick, $timer->tick, "\n";
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
