# The callback that a constructor takes captures the variable that the new object is assigned to.
# cure: Capture a weakened copy of $timer
use strict;
use warnings;
use Devel::MAT::Dumper;

package Timer {
    sub new {
        my ( $class, %args ) = @_;
        my $self = bless {}, $class;
        $self->{on_tick} = $args{on_tick};
        $self->{left}    = $args{left};
        return $self;
    }

    sub stop { $_[0]{left} = 0 }

    sub run {
        my ($self) = @_;
        while ( $self->{left}-- > 0 ) { $self->{on_tick}->() }
    }
}

sub count_to {
    my ($limit) = @_;
    my $count = 0;
    my $timer;
    $timer = Timer->new(
        left    => 10,
        on_tick => sub {
            print "tick $count\n";
            $timer->stop if ++$count == $limit;
        },
    );
    $timer->run;
}

count_to($_) for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
