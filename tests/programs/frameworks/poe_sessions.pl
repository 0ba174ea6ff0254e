# POE: sessions with alarms, wheels over socket pairs, postbacks, objects that are alive as long as their session.
# modules: POE POE::Wheel::ReadWrite
# alive: POE::Wheel::ReadWrite=10
# alive: Worker=5
# prints: 5 workers alive, 5 lines, 0 callbacks
# prints: 0 workers alive, 10 lines, 5 callbacks
use strict;
use warnings;
sub POE::Kernel::ASSERT_DEFAULT () { 0 }
use POE qw( Wheel::ReadWrite Filter::Line );
use Socket;
use Devel::MAT::Dumper;

my ( $lines, $callbacks, $ready ) = ( 0, 0, 0 );

package Worker {
    use POE;
    our $alive = 0;

    sub start {
        my ( $class, $handle, $on_end ) = @_;
        $alive++;
        my $self = bless { handle => $handle, on_end => $on_end }, $class;
        POE::Session->create( object_states => [ $self => [qw( _start line error later _stop )] ] );
        return;
    }

    sub _start {
        my ( $self, $kernel, $session ) = @_[ OBJECT, KERNEL, SESSION ];
        $self->{wheel} = POE::Wheel::ReadWrite->new(
            Handle     => delete $self->{handle},
            InputEvent => 'line',
            ErrorEvent => 'error',
        );
        $self->{alarm} = $kernel->delay_set( later => 60, $session->ID );
        $self->{back}  = $session->postback( later => 1 );
        return;
    }
    sub line  { my ( $self, $text ) = @_[ OBJECT, ARG0 ]; $lines++; $self->{wheel}->put("echo $text"); return }
    sub later { return }

    sub error {
        my ( $self, $kernel ) = @_[ OBJECT, KERNEL ];
        delete @{$self}{qw( wheel back )};
        $kernel->alarm_remove( delete $self->{alarm} );
        $self->{on_end}->();
        return;
    }
    sub _stop   { return }
    sub DESTROY { $alive-- }
}

POE::Session->create(
    inline_states => {
        _start => sub {
            my ( $kernel, $heap, $session ) = @_[ KERNEL, HEAP, SESSION ];
            for my $n ( 1 .. 5 ) {
                socketpair my $near, my $far, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die $!;
                my $done = sub { $callbacks++ };
                Worker->start( $far, $done );
                my $wheel = POE::Wheel::ReadWrite->new( Handle => $near, InputEvent => 'answer' );
                $wheel->put("hello $n");
                $heap->{wheels}{ $wheel->ID } = $wheel;
            }
        },
        answer => sub {
            my ( $kernel, $heap, $text, $id ) = @_[ KERNEL, HEAP, ARG0, ARG1 ];
            if ( ++$ready == 5 ) { $kernel->yield('dump') }
            elsif ( $ready > 5 ) { delete $heap->{wheels}{$id} }
        },
        dump => sub {
            my ($heap) = $_[HEAP];
            print "$Worker::alive workers alive, $lines lines, $callbacks callbacks\n";
            Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
            $_->put('again') for values %{ $heap->{wheels} };
        },
        _stop => sub { return },
    },
);
POE::Kernel->run;
print "$Worker::alive workers alive, $lines lines, $callbacks callbacks\n";
