# An AnyEvent server with five open connections, written as the manual of AnyEvent::Handle does: each handle is held by
# its own callbacks until its client goes. Another five connections are held by a hash.
# modules: AnyEvent::Handle EV
# environment: PERL_ANYEVENT_MODEL=Perl
# environment: PERL_ANYEVENT_MODEL=EV
# alive: AnyEvent::Handle=10
# prints: 10 connections, 10 echoes, 0 closed
# prints: 10 connections, 20 echoes, 10 closed
use strict;
use warnings;
use AnyEvent;
use AnyEvent::Handle;
use AnyEvent::Socket;
use Devel::MAT::Dumper;

my ( $opened, $echoed, $closed, %held ) = ( 0, 0, 0 );

sub accepted_alone {
    my ($fh) = @_;
    my $handle;
    $handle = AnyEvent::Handle->new(
        fh       => $fh,
        on_error => sub { $closed++; $handle->destroy; undef $handle },
        on_eof   => sub { $closed++; $handle->destroy; undef $handle },
        on_read  => sub { $handle->push_read( line => sub { $echoed++; $_[0]->push_write("$_[1]\n") } ) },
    );
    $opened++;
}

sub accepted_in_hash {
    my ($fh) = @_;
    my $number = fileno $fh;
    my $end    = sub { $closed++; ( delete $held{$number} )->destroy };
    $held{$number} = AnyEvent::Handle->new(
        fh       => $fh,
        on_error => $end,
        on_eof   => $end,
        on_read  => sub {
            my ($handle) = @_;
            $handle->push_read( line => sub { $echoed++; $_[0]->push_write("$_[1]\n") } );
        },
    );
    $opened++;
}

sub listening {
    my ($accept) = @_;
    my $port = AE::cv;
    my $guard = tcp_server '127.0.0.1', undef, $accept, sub { $port->send( $_[2] ); 0 };
    return ( $guard, $port->recv );
}

sub until_true {
    my ($is_true) = @_;
    my $done  = AE::cv;
    my $timer = AE::timer 0, 0.005, sub { $done->send if $is_true->() };
    my $limit = AE::timer 50, 0, sub { $done->send };
    $done->recv;
}

my ( $guard,   $port )   = listening( \&accepted_alone );
my ( $guard_2, $port_2 ) = listening( \&accepted_in_hash );
my @clients;
for my $to ( ($port) x 5, ($port_2) x 5 ) {
    my $connected = AE::cv;
    tcp_connect '127.0.0.1', $to, sub { $connected->send( $_[0] ) };
    push @clients, $connected->recv;
}
syswrite $_, "hello\n" for @clients;
until_true( sub { $echoed == 10 } );
print "$opened connections, $echoed echoes, $closed closed\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

syswrite $_, "again\n" for @clients;
until_true( sub { $echoed == 20 } );
@clients = ();
until_true( sub { $closed == 10 } );
print "$opened connections, $echoed echoes, $closed closed\n";
