# Promises of Mojolicious that are pending: chains, all, any and race, timers, an event emitter; and websockets that are
# open at both ends.
# modules: Mojolicious
# alive: Mojo::Promise=20
# alive: Mojo::Transaction::WebSocket=10
# prints: 0 chains are done, 5 sockets are open, 15 probes are alive
# prints: 10 chains are done, 0 sockets are open, 0 probes are alive
use Mojo::Base -strict, -signatures;
use Mojo::EventEmitter;
use Mojo::IOLoop;
use Mojo::Promise;
use Mojo::Server::Daemon;
use Mojo::UserAgent;
use Mojolicious;
use Devel::MAT::Dumper;

package Probe {
    our $alive = 0;
    sub new     { $alive++; return bless {}, shift }
    sub DESTROY { $alive-- }
}

my ( $done, $open ) = ( 0, 0 );
my ( @resolve, @sockets );
my $events = Mojo::EventEmitter->new;

sub asked { my $promise = Mojo::Promise->new; push @resolve, sub { $promise->resolve(@_) }; return $promise }

for my $n ( 1 .. 5 ) {
    my $probe = Probe->new;
    asked()->then( sub ($value) { $probe->{value} = $value; asked() } )
        ->then( sub ($value) { $probe->{value} += $value } )
        ->catch( sub ($error) { warn $error } )
        ->finally( sub { $done++; undef $probe } );
    my $other = Probe->new;
    Mojo::Promise->all( asked(), Mojo::Promise->race( asked(), Mojo::Promise->timer(30) ), Mojo::Promise->any( asked() ) )
        ->then( sub { $other->{all} = 1; $events->once( end => sub { $done++; undef $other } ); return } );
}

my $app = Mojolicious->new;
$app->secrets( ['none'] )->log->level('fatal');
$app->routes->websocket( '/echo' => sub ($c) {
    my $probe = Probe->new;
    $open++;
    $c->on( message => sub ( $c, $text ) { $probe->{seen}++; $c->send("echo $text") } );
    $c->on( finish  => sub { $open--; undef $probe } );
} );
my $daemon = Mojo::Server::Daemon->new( app => $app, listen => ['http://127.0.0.1'], silent => 1 )->start;
my $agent  = Mojo::UserAgent->new( inactivity_timeout => 0 );
my $url    = 'ws://127.0.0.1:' . $daemon->ports->[0] . '/echo';
my $echoed = 0;
for my $n ( 1 .. 5 ) {
    $agent->websocket_p($url)->then( sub ($tx) {
        $tx->on( message => sub { $echoed++ } );
        $tx->send("hello $n");
        push @sockets, $tx;
        return;
    } )->catch( sub ($error) { warn $error } );
}

sub until_true ($is_true) {
    my $id    = Mojo::IOLoop->recurring( 0.005 => sub { Mojo::IOLoop->stop if $is_true->() } );
    my $limit = Mojo::IOLoop->timer( 50 => sub { Mojo::IOLoop->stop } );
    Mojo::IOLoop->start;
    Mojo::IOLoop->remove($_) for $id, $limit;
    return;
}

until_true( sub { $echoed == 5 } );
print "$done chains are done, $open sockets are open, $Probe::alive probes are alive\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

until_true( sub {
    shift(@resolve)->(1) while @resolve;
    return $done == 5 && @{ $events->subscribers('end') } == 5;
} );
$events->emit('end');
$_->finish for @sockets;
@sockets = ();
until_true( sub { $open == 0 && $done == 10 } );
Mojo::IOLoop->reset;
print "$done chains are done, $open sockets are open, $Probe::alive probes are alive\n";
