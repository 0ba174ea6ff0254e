use strict; use warnings; BEGIN { $ENV{PERL_ANYEVENT_MODEL} = 'Perl' }
use AnyEvent; use Devel::MAT::Dumper;
print "model ", AnyEvent::detect(), "\n";
my $fired = 0;
sub later { my ($n) = @_; my $w; $w = AnyEvent->timer( after => 0.2 + $n / 100, cb => sub { undef $w; $fired++ } ); return }
sub on_readable { my ($fh) = @_; my $w; $w = AnyEvent->io( fh => $fh, poll => 'r', cb => sub { sysread $fh, my $b, 9; undef $w; $fired++ } ); return }
pipe my $r, my $wr; later($_) for 1 .. 10; on_readable($r);
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
syswrite $wr, "x";
my $cv = AE::cv; my $end = AE::timer 0.6, 0, sub { $cv->send }; $cv->recv;
print "fired $fired of 11\n";
