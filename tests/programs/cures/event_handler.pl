# A handler that is registered with an object by a method captures the object.
# cure: Capture a weakened copy of $emitter
use strict;
use warnings;
use Devel::MAT::Dumper;

package Emitter {
    sub new { return bless { handlers => {} }, shift }

    sub on {
        my ( $self, $event, $handler ) = @_;
        push @{ $self->{handlers}{$event} }, $handler;
        return $self;
    }

    sub emit {
        my ( $self, $event, @arguments ) = @_;
        $_->(@arguments) for @{ $self->{handlers}{$event} };
    }
}

sub start {
    my ($name) = @_;
    my $emitter = Emitter->new;
    $emitter->on( done => sub { $emitter->{finished} = shift; print "$name: $emitter->{finished}\n" } );
    $emitter->emit( done => 'well' );
}

start($_) for qw( one two three );

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
