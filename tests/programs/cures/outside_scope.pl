# A closure captures nothing, but its string eval makes it keep the sub around it, which captures the object.
# cure?: Capture a weakened copy of $self
use strict;
use warnings;
use Devel::MAT::Dumper;
use Scalar::Util qw( blessed weaken );

package Oven {
    sub new { return bless { degrees => $_[1] }, $_[0] }

    sub set_alarm {
        my ($self) = @_;
        my $install = sub {
            my $name = ref $self;
            $self->{on_alarm} = sub { return eval '6 * 7' };
            return $name;
        };
        return $install->() . ' at ' . $self->{degrees} . ': ' . $self->{on_alarm}->();
    }
}

print Oven->new($_)->set_alarm, "\n" for 180, 200, 220;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
