use strict; use warnings; use Future::AsyncAwait; use Future; use IO::Async::Loop; use Devel::MAT::Dumper;
my $loop = IO::Async::Loop->new; my $done = 0; 
package Job { sub new { bless { n => $_[1] }, $_[0] } sub run { my $self = shift; $self->{f} = $self->work; $self->{f}->on_ready( sub { delete $self->{f} } ); return } }
package Job; use Future::AsyncAwait; async sub work { my ($self) = @_; await $loop->delay_future( after => 0.1 ); await $loop->delay_future( after => 0.1 ); $done += $self->{n} }
package main;
async sub one { my ($n) = @_; await $loop->delay_future( after => 0.2 ); $done += $n; return $n }
one($_)->retain for 1 .. 3; Job->new($_)->run for 1 .. 3; my $t = async sub { await one(5) }; my $k = $t->();
$loop->loop_once(0.01); Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
$loop->loop_once(0.1) until $done >= 17; print "done $done\n";
