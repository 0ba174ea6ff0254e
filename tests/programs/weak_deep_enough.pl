# The same without a string eval: since perl 5.18 a closure does not keep the sub that made it.
# expect: none
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
            $self->{on_tick} = sub { $weak->{ticks}++ };
        };
        $prepare->();
    }
}

Timer->new->start for 1 .. 4;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
