# An object's own callback captures the object; one object is still in use.
# cure: Capture a weakened copy of $self
use strict;
use warnings;
use Devel::MAT::Dumper;

package Widget {
    sub new {
        my ( $class, $label ) = @_;
        my $self = bless { label => $label, clicks => 0 }, $class;
        $self->{on_click} = sub {
            my ($times) = @_;
            $self->{clicks} += $times;
            return "$self->{label} was clicked $self->{clicks} times";
        };
        return $self;
    }

    sub click {
        my ( $self, $times ) = @_;
        return $self->{on_click}->($times) if $self->{on_click};
        return 'no button';
    }
}

my $kept = Widget->new('kept');
print $kept->click(1), "\n";
print Widget->new("button $_")->click($_), "\n" for 1 .. 5;
print $kept->click(2), "\n";

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
