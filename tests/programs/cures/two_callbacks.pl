# Two callbacks of one object capture it: both must let go.
# cure: Capture a weakened copy of $self
use strict;
use warnings;
use Devel::MAT::Dumper;

package Lamp {
    sub new {
        my $class = shift;
        my $self  = bless { lit => 0 }, $class;
        $self->{on}  = sub { $self->{lit} = 1 };
        $self->{off} = sub { $self->{lit} = 0 };
        return $self;
    }

    sub blink {
        my ($self) = @_;
        my @states = map { $self->{$_}->(); $self->{lit} } qw( on off on );
        return "@states";
    }
}

print Lamp->new->blink, "\n" for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
