# A Plack application after a hundred requests: middleware, mounted applications, and streamed answers, five of which
# are in the middle when the dump is made.
# modules: Plack::Builder Plack::Test HTTP::Request::Common
# alive: Request=5
# prints: 100 answers, 105 requests made, 100 destroyed
# prints: 5 streams: part 1, part 2
# prints: 105 requests made, 105 destroyed
use strict;
use warnings;
use HTTP::Request::Common 'GET';
use Plack::Builder;
use Plack::Request;
use Plack::Test;
use Devel::MAT::Dumper;

package Request {
    our ( $made, $gone ) = ( 0, 0 );
    sub new     { $made++; return bless {}, shift }
    sub DESTROY { $gone++ }
}

my @streams;
my $plain = sub {
    my ($env) = @_;
    my $path = Plack::Request->new($env)->path;
    $env->{'app.request'} = my $request = Request->new;
    push @{ $request->{cleanup} }, sub { $path };
    return [ 200, [ 'Content-Type' => 'text/plain' ], [ "page $path" ] ];
};
my $streamed = sub {
    my ($env) = @_;
    my $request = Request->new;
    return sub {
        my ($respond) = @_;
        my $writer = $respond->( [ 200, [ 'Content-Type' => 'text/plain' ] ] );
        $writer->write('part 1');
        my $end = sub { $request->{ended}++; $writer->write(', part 2'); $writer->close };
        return $env->{'app.wait'} ? push @streams, $end : $end->();
    };
};
my $app = builder {
    enable 'Runtime';
    enable 'ContentLength';
    enable_if { $_[0]{PATH_INFO} =~ /static/ } 'Static', path => qr{^/static/}, root => '.';
    enable sub {
        my ($inner) = @_;
        return sub {
            my ($env) = @_;
            return Plack::Util::response_cb( $inner->($env), sub { push @{ $_[0][1] }, 'X-Seen' => 1; return } );
        };
    };
    mount '/stream' => $streamed;
    mount '/'       => $plain;
};

my $test    = Plack::Test->create($app);
my $answers = 0;
for my $n ( 1 .. 50 ) {
    $answers++ if $test->request( GET "/page/$n" )->content eq "page /page/$n";
    $answers++ if $test->request( GET '/stream' )->content eq 'part 1, part 2';
}

my @bodies;
for my $n ( 1 .. 5 ) {
    my $env = GET('http://127.0.0.1/stream')->to_psgi;
    $env->{'app.wait'} = 1;
    $app->($env)->( sub {
        my $body = \( $bodies[ $n - 1 ] = '' );
        return Plack::Util::inline_object( write => sub { $$body .= $_[0] }, close => sub { } );
    } );
}
print "$answers answers, $Request::made requests made, $Request::gone destroyed\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

while ( my $end = shift @streams ) { $end->() }
my %bodies = map { $_ => 1 } @bodies;
printf "%d streams: %s\n", scalar @bodies, join ' and ', keys %bodies;
print "$Request::made requests made, $Request::gone destroyed\n";
