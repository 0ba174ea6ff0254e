#!/usr/bin/perl

# Reads a serial novel from a web server, one chapter after the other: each chapter names the next one.

use 5.014;
use warnings;

use IO::Socket::INET;

use Courier::HTTP;

my $CHAPTERS = 200;

# For a heap dump, should the program fail: opened now, while there are file handles left to open it with.
my $heap;
if ( eval { require Devel::MAT::Dumper } ) {
    open $heap, '>', 'courier.pmat' or die "cannot write courier.pmat: $!\n";
}

my ( $server, $base_url ) = start_server();
my $http  = Courier::HTTP->new;
my $words = 0;

if ( !eval { read_chapter(1); $http->run; 1 } ) {
    Devel::MAT::Dumper::dumpfh($heap) if $heap;
    die $@;
}

say "$CHAPTERS chapters, $words words";

END { kill TERM => $server if $server }

sub read_chapter {
    my ($number) = @_;

    $http->get(
        "$base_url/chapter/$number",
        sub {
            my ($response) = @_;
            $words += () = $response->{body} =~ /\w+/g;
            my ($next) = $response->{body} =~ /^Next: (\d+)$/m or return;
            read_chapter($next);
        }
    );
}

# The web server, in a process of its own. Returns its process id and its address.
sub start_server {
    my $listener = IO::Socket::INET->new( LocalAddr => '127.0.0.1', Listen => 5 )
        or die "cannot listen: $!\n";
    my $url = 'http://127.0.0.1:' . $listener->sockport;

    my $pid = fork // die "cannot fork: $!\n";
    return ( $pid, $url ) if $pid;

    serve_chapter($_) while $_ = $listener->accept;
    exit;
}

sub serve_chapter {
    my ($client) = @_;

    my ($number) = ( readline($client) // '' ) =~ m{^GET /chapter/(\d+) } or return;
    my $body = "Chapter $number, in which the courier is late once more.\n";
    $body .= 'Next: ' . ( $number + 1 ) . "\n" if $number < $CHAPTERS;

    $client->print( join "\r\n", 'HTTP/1.1 200 OK', 'Content-Length: ' . length $body, 'Connection: close', '', $body );
}
