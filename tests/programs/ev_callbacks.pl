# Callbacks that the event loop EV holds in C: those of 12 workers, which leak by way of their own timers, and 5 plain
# ones of timers that are in use. Needs EV.
# expect: none
use strict;
use warnings;
use EV;
use Devel::MAT::Dumper;

package Worker;

sub new {
    my ($class) = @_;
    my $self = bless {}, $class;
    $self->{timer} = EV::timer( 1000, 0, sub { $self->fire } );
    return $self;
}
sub fire { return }

package main;

Worker->new for 1 .. 12;
our @timers = map { my $number = $_; EV::timer( 1000, 0, sub { return $number } ) } 1 .. 5;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
