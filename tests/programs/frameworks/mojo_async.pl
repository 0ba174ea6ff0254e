# Mojolicious with async/await: subs that wait for a timer, and a server with routes that wait for what comes later,
# together with the clients that wait for them.
# modules: Mojolicious Future::AsyncAwait
# alive: Mojo::Promise=15
# alive: Mojo::Transaction::HTTP=10
# prints: 5 routes are waiting, 0 clients have an answer, 0 subs are done, 10 jobs are alive
# prints: 5 clients have an answer: item 1, item 2, item 3, item 4, item 5
# prints: 5 subs are done, 0 jobs are alive
use Mojo::Base -strict, -async_await, -signatures;
use Mojo::IOLoop;
use Mojo::Promise;
use Mojo::Server::Daemon;
use Mojo::UserAgent;
use Devel::MAT::Dumper;

package Job {
    our $alive = 0;
    sub new     { my ( $class, $n ) = @_; $alive++; return bless { n => $n }, $class }
    sub number  { $_[0]{n} }
    sub DESTROY { $alive-- }
}

package Shop {
    use Mojo::Base 'Mojolicious', -async_await, -signatures;
    has waiting => sub { {} };

    sub startup ($self) {
        $self->secrets( ['none'] )->log->level('fatal');
        $self->routes->get( '/item/:n' => async sub ($c) {
            my $job  = Job->new( $c->param('n') );
            my $text = await $c->app->later( $job->number );
            $c->render( text => "$text " . $job->number );
        } );
    }

    sub later ( $self, $n ) { return $self->waiting->{$n} = Mojo::Promise->new }
}

my ( $done, $at_gate, @answers ) = ( 0, 0 );
my $shop   = Shop->new;
my $daemon = Mojo::Server::Daemon->new( app => $shop, listen => ['http://127.0.0.1'], silent => 1 )->start;
my $url    = 'http://127.0.0.1:' . $daemon->ports->[0];
my $agent  = Mojo::UserAgent->new;

async sub ask ($n) {
    my $tx = await $agent->get_p("$url/item/$n");
    push @answers, $tx->res->text;
    return;
}

my $gate = Mojo::Promise->new;
async sub work ($n) {
    my $job = Job->new($n);
    await Mojo::Promise->timer(0.001);
    $at_gate++;
    await $gate;
    await Mojo::Promise->timer(0.001);
    $done++;
    return $job->number;
}

sub until_true ($is_true) {
    my $id    = Mojo::IOLoop->recurring( 0.005 => sub { Mojo::IOLoop->stop if $is_true->() } );
    my $limit = Mojo::IOLoop->timer( 50 => sub { Mojo::IOLoop->stop } );
    Mojo::IOLoop->start;
    Mojo::IOLoop->remove($_) for $id, $limit;
    return;
}

ask($_)  for 1 .. 5;
work($_) for 1 .. 5;
until_true( sub { keys %{ $shop->waiting } == 5 && $at_gate == 5 } );
printf "%d routes are waiting, %d clients have an answer, %d subs are done, %d jobs are alive\n",
    scalar keys %{ $shop->waiting }, scalar @answers, $done, $Job::alive;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

$_->resolve('item') for values %{ $shop->waiting };
%{ $shop->waiting } = ();
$gate->resolve;
until_true( sub { @answers == 5 && $done == 5 } );
undef $gate;
until_true( sub { !$Job::alive } );
printf "%d clients have an answer: %s\n",           scalar @answers, join ', ', sort @answers;
printf "%d subs are done, %d jobs are alive\n", $done, $Job::alive;
