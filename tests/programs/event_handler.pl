# A handler that is registered with an object captures the object.
# expect: self-callback count=4 classes=Emitter closures=event_handler.pl:23 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Emitter {
    sub new { return bless { handlers => {} }, shift }

    sub on {
        my ( $self, $event, $handler ) = @_;
        push @{ $self->{handlers}{$event} }, $handler;
    }

    sub emit {
        my ( $self, $event ) = @_;
        $_->() for @{ $self->{handlers}{$event} };
    }
}

sub start {
    my $emitter = Emitter->new;
    $emitter->on( done => sub { $emitter->{finished} = 1 } );
    $emitter->emit('done');
}

start() for 1 .. 4;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
