# Ten requests of AnyEvent::HTTP in flight: the server, in the same process, has them and does not answer yet.
# modules: AnyEvent::HTTP EV
# environment: PERL_ANYEVENT_MODEL=Perl
# environment: PERL_ANYEVENT_MODEL=EV
# alive: AnyEvent::Handle=10
# prints: asked 10, answered 0
# prints: asked 10, answered 10, all with 200: page 1 page 10 page 2 page 3 page 4 page 5 page 6 page 7 page 8 page 9
use strict;
use warnings;
use AnyEvent;
use AnyEvent::HTTP;
use AnyEvent::Socket;
use Devel::MAT::Dumper;

$AnyEvent::HTTP::MAX_PER_HOST = 10;
my ( %waiting, @answers );
my $started = AE::cv;
my $guard   = tcp_server '127.0.0.1', undef, sub {
    my ($fh) = @_;
    my $request = '';
    my $watcher;
    $watcher = AE::io $fh, 0, sub {
        sysread $fh, $request, 4096, length $request;
        return if $request !~ /\r\n\r\n/;
        my ($page) = $request =~ m{^GET /(\d+)};
        $waiting{$page} = $fh;
        undef $watcher;
    };
}, sub { $started->send( $_[2] ); 0 };
my $port = $started->recv;

sub until_true {
    my ($is_true) = @_;
    my $done  = AE::cv;
    my $timer = AE::timer 0, 0.005, sub { $done->send if $is_true->() };
    my $limit = AE::timer 50, 0, sub { $done->send };
    $done->recv;
}

for my $page ( 1 .. 10 ) {
    my $request;    # the request lives as long as this guard, which its callback holds
    $request = http_get "http://127.0.0.1:$port/$page", timeout => 30, sub {
        my ( $body, $headers ) = @_;
        undef $request;
        push @answers, "$headers->{Status} $body";
    };
}
until_true( sub { keys %waiting == 10 } );
printf "asked %d, answered %d\n", scalar keys %waiting, scalar @answers;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

while ( my ( $page, $fh ) = each %waiting ) {
    my $body = "page $page";
    syswrite $fh, "HTTP/1.0 200 OK\r\nContent-Length: @{[ length $body ]}\r\nConnection: close\r\n\r\n$body";
}
until_true( sub { @answers == 10 } );
my @pages = sort map { s/^200 //r } grep { /^200 / } @answers;
printf "asked %d, answered %d, all with 200: %s\n", scalar keys %waiting, scalar @answers, "@pages";
