package Courier::HTTP;

use 5.014;
use warnings;

use IO::Select;
use Scalar::Util qw( weaken );

use Courier::Connection;

our $VERSION = '1.02';

=head1 NAME

Courier::HTTP - a small asynchronous HTTP client

=head1 SYNOPSIS

    my $http = Courier::HTTP->new;

    $http->get( 'http://localhost:8080/', sub { my ($response) = @_; say $response->{body} } );
    $http->run;

=cut

sub new {
    my ($class) = @_;

    return bless {
        connections => {},    # "host:port" => [ Courier::Connection, ... ]
        watched     => {},    # file number => Courier::Connection that waits for its response
        select      => IO::Select->new,
    }, $class;
}

# Ask for a URL; $on_response is called with the response while run() is running.
sub get {
    my ( $self, $url, $on_response ) = @_;

    my ( $host, $port, $path ) = $url =~ m{^ http:// ([^:/]+) (?: : (\d+) )? (/.*)? $}x
        or die "not an http URL: $url\n";

    my $conn = $self->get_connection( $host, $port // 80 );
    $self->_watch($conn);

    $conn->request(
        $path // '/',
        sub {
            my ( $conn, $response ) = @_;
            $self->_unwatch($conn);
            $self->_drop($conn) if ( $response->{header}{connection} // '' ) eq 'close';
            $on_response->($response);
        }
    );
}

# Wait for responses, and hand them out, until every request is answered.
sub run {
    my ($self) = @_;

    while ( $self->{select}->count ) {
        $self->{watched}{ fileno $_ }->read_more for $self->{select}->can_read;
    }
}

# An idle connection to that server, or a new one.
sub get_connection {
    my ( $self, $host, $port ) = @_;

    my $conns = $self->{connections}{"$host:$port"} //= [];
    for my $conn (@$conns) {
        return $conn unless $conn->is_busy;
    }

    weaken( my $client = $self );
    my $conn = Courier::Connection->new(
        host      => $host,
        port      => $port,
        on_closed => sub {
            my ($conn) = @_;
            $client->_unwatch($conn) if $client;
            @$conns = grep { $_ != $conn } @$conns;
        },
    );

    push @$conns, $conn;
    return $conn;
}

# The server will take no further request on this connection: forget it, and so close its socket.
sub _drop {
    my ( $self, $conn ) = @_;

    my $conns = delete $self->{connections}{ $conn->address } or return;
    my @others = grep { $_ != $conn } @$conns;
    $self->{connections}{ $conn->address } = \@others if @others;
}

sub _watch {
    my ( $self, $conn ) = @_;

    $self->{select}->add( $conn->socket );
    $self->{watched}{ fileno $conn->socket } = $conn;
}

sub _unwatch {
    my ( $self, $conn ) = @_;

    $self->{select}->remove( $conn->socket );
    delete $self->{watched}{ fileno $conn->socket };
}

1;
