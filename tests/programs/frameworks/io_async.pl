# IO::Async: a server with five open connections and their clients, timers, and async subs, objects' methods among them,
# that wait.
# modules: IO::Async Future::AsyncAwait
# alive: IO::Async::Stream=10
# alive: IO::Async::Future=10
# prints: 5 connections, 5 echoes, 0 jobs done, 10 jobs alive
# prints: 0 connections, 10 echoes, 10 jobs done, 0 jobs alive
use strict;
use warnings;
use Future::AsyncAwait;
use IO::Async::Listener;
use IO::Async::Loop;
use IO::Async::Stream;
use IO::Async::Timer::Countdown;
use IO::Async::Timer::Periodic;
use Devel::MAT::Dumper;

my $loop = IO::Async::Loop->new;
my ( $connections, $echoes ) = ( 0, 0 );
my $gate = $loop->new_future;

package Job {
    our ( $alive, $done ) = ( 0, 0 );
    sub new { my ( $class, %args ) = @_; $alive++; return bless {%args}, $class }

    async sub work {
        my ($self) = @_;
        await $loop->delay_future( after => 0.001 );
        await $gate->without_cancel;
        await $loop->delay_future( after => 0.001 );
        $done++;
        return $self->{n};
    }

    sub start {
        my ($self) = @_;
        $self->{future} = $self->work;
        $self->{future}->on_ready( sub { delete $self->{future} } );
        return;
    }
    sub DESTROY { $alive-- }
}

my $listener = IO::Async::Listener->new(
    on_stream => sub {
        my ( undef, $stream ) = @_;
        $connections++;
        $stream->configure(
            on_read => sub {
                my ( $self, $buffer ) = @_;
                while ( $$buffer =~ s/^(.*)\n// ) { $self->write("echo $1\n") }
                return 0;
            },
            on_closed => sub { $connections-- },
        );
        $loop->add($stream);
    },
);
$loop->add($listener);
$listener->listen( addr => { family => 'inet', socktype => 'stream', ip => '127.0.0.1', port => 0 } )->get;
my $port = $listener->read_handle->sockport;

async sub talk {
    my ($n) = @_;
    my $stream = await $loop->connect(
        addr   => { family => 'inet', socktype => 'stream', ip => '127.0.0.1', port => $port },
        handle => IO::Async::Stream->new( on_read => sub { 0 } ),
    );
    $loop->add($stream);
    for my $word (qw( hello again )) {
        await $stream->write("$word $n\n");
        my $line = await $stream->read_until("\n");
        $echoes++ if $line eq "echo $word $n\n";
        await $gate->without_cancel;
    }
    $stream->close_when_empty;
    return;
}

my $ticks = 0;
$loop->add( IO::Async::Timer::Periodic->new( interval => 0.005, on_tick => sub { $ticks++ } )->start );
$loop->add( IO::Async::Timer::Countdown->new( delay => 60, on_expire => sub { die } )->start ) for 1 .. 5;

my @talks = map { talk($_) } 1 .. 5;
Job->new( n => $_ )->work->retain for 1 .. 5;
Job->new( n => $_ )->start        for 1 .. 5;
my $until = time + 50;
$loop->loop_once(0.05) until $echoes == 5 || time > $until;
print "$connections connections, $echoes echoes, $Job::done jobs done, $Job::alive jobs alive\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

$gate->done;
$loop->loop_once(0.05) until ( $connections == 0 && $Job::done == 10 ) || time > $until;
@talks = ();
print "$connections connections, $echoes echoes, $Job::done jobs done, $Job::alive jobs alive\n";
