package Courier::Connection;

use 5.014;
use warnings;

use IO::Socket::INET;

our $VERSION = '1.02';

=head1 NAME

Courier::Connection - one TCP connection to an HTTP server

=head1 SYNOPSIS

    my $conn = Courier::Connection->new(
        host      => 'localhost',
        port      => 8080,
        on_closed => sub { my ($conn) = @_; ... },
    );

    $conn->request( '/status', sub { my ($conn, $response) = @_; ... } );
    $conn->read_more while $conn->is_busy;

The socket is closed when the connection object is destroyed.

=cut

sub new {
    my ( $class, %args ) = @_;
    my ( $host, $port ) = @args{qw( host port )};

    my $socket = IO::Socket::INET->new( PeerAddr => $host, PeerPort => $port )
        or die "cannot connect to $host port $port: $!\n";

    my $on_closed = $args{on_closed} // sub { };

    return bless {
        socket    => $socket,
        address   => "$host:$port",
        input     => '',
        on_closed => sub {
            my ($conn) = @_;
            $conn->{hung_up} = 1;
            delete $conn->{on_response};
            $on_closed->($conn);
        },
    }, $class;
}

sub socket  { $_[0]{socket} }
sub address { $_[0]{address} }
sub is_busy { defined $_[0]{on_response} }

# Send a request; $on_response is called once, with the connection and the response.
sub request {
    my ( $self, $path, $on_response ) = @_;

    $self->{on_response} = $on_response;
    $self->{socket}->print( join "\r\n", "GET $path HTTP/1.1", "Host: $self->{address}", '', '' );
}

# The socket is readable: take what there is, and answer the request when the response is complete.
sub read_more {
    my ($self) = @_;

    my $got = sysread $self->{socket}, $self->{input}, 16_384, length $self->{input};
    return $self->{on_closed}->($self) unless $got;

    my $response = $self->_take_response or return;
    my $on_response = delete $self->{on_response};
    $on_response->( $self, $response );
}

# Remove one complete response from the input, or return nothing if the rest is still to come.
sub _take_response {
    my ($self) = @_;

    my ( $head, $rest ) = split /\r\n\r\n/, $self->{input}, 2;
    return unless defined $rest;

    my ( $status, @lines ) = split /\r\n/, $head;
    my %header = map { my ( $name, $value ) = split /:\s*/, $_, 2; lc $name => $value } @lines;

    my $length = $header{'content-length'} // 0;
    return if length $rest < $length;

    $self->{input} = substr $rest, $length;
    return { status => $status, header => \%header, body => substr( $rest, 0, $length ) };
}

1;
