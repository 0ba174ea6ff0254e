# Pending futures without a loop, in every way in which a program keeps them until they are ready: `retain`,
# `on_ready` that undefines its own variable, chains, `needs_all`, `wait_any`, a future in its object.
# modules: Future
# alive: Future=60
# prints: 0 of 35 are done, 35 probes are alive
# prints: 35 of 35 are done, 0 probes are alive
use strict;
use warnings;
use Future;
use Devel::MAT::Dumper;

package Probe {
    our ( $alive, $done ) = ( 0, 0 );
    sub new     { $alive++; return bless {}, shift }
    sub done    { $done++; return }
    sub DESTROY { $alive-- }
}

my @asked;
sub asked { push @asked, my $future = Future->new; return $future }

sub retained {
    my $probe = Probe->new;
    asked()->then( sub { $probe->{then} = 1; Future->done } )->on_done( sub { $probe->done } )->retain;
}

sub undefined_when_ready {
    my $probe = Probe->new;
    my $future = asked()->then( sub { Future->done(@_) } );
    $future->on_ready( sub { $probe->done; undef $future } );
    return;
}

sub chained {
    my $probe = Probe->new;
    my $future;
    $future = asked()->then( sub { asked() } )->else( sub { Future->done } )->followed_by( sub { $probe->done; shift } )
        ->on_ready( sub { undef $future } );
    return;
}

sub all_needed {
    my $probe = Probe->new;
    Future->needs_all( map { asked()->then( sub { $probe->{seen}++; Future->done } ) } 1 .. 3 )
        ->on_done( sub { $probe->done } )->retain;
}

sub any_waited_for {
    my $probe = Probe->new;
    Future->wait_any( asked(), asked()->without_cancel )->then( sub { $probe->done; Future->done } )->retain;
}

package Task {
    sub start {
        my ($class) = @_;
        my $self = bless { probe => Probe->new }, $class;
        $self->{future} = main::asked()->on_done( sub { $self->finish } );
        return;
    }
    sub finish { my ($self) = @_; $self->{probe}->done; delete $self->{future}; return }
}

my %running;
sub in_a_hash {
    my ($n) = @_;
    my $probe = Probe->new;
    $running{$n} = asked()->on_ready( sub { $probe->done; delete $running{$n} } );
    return;
}

for my $n ( 1 .. 5 ) {
    retained();
    undefined_when_ready();
    chained();
    all_needed();
    any_waited_for();
    Task->start;
    in_a_hash($n);
}
print "$Probe::done of 35 are done, $Probe::alive probes are alive\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

while ( my $asked = shift @asked ) { $asked->done unless $asked->is_ready }
print "$Probe::done of 35 are done, $Probe::alive probes are alive\n";
