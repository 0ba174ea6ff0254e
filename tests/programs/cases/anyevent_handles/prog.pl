use strict; use warnings; BEGIN { $ENV{PERL_ANYEVENT_MODEL} = 'Perl' }
use AnyEvent; use AnyEvent::Handle; use AnyEvent::Socket; use Devel::MAT::Dumper;
print "model ", AnyEvent::detect(), "\n";
{ no warnings; my ( $m, $d ) = ( 0, 0 ); my $old = AnyEvent::Handle->can('DESTROY'); my $new = AnyEvent::Handle->can('new');
  *AnyEvent::Handle::DESTROY = sub { $d++; $old->(@_) }; *AnyEvent::Handle::new = sub { $m++; $new->(@_) }; sub stat_ { "handles made $m destroyed $d" } }
my $ready = AE::cv; my $port;
# the idiom of AnyEvent::Handle's own manual: the handle lives until its peer goes
my $guard = tcp_server '127.0.0.1', undef, sub {
    my ($fh) = @_;
    my $hdl; $hdl = AnyEvent::Handle->new(
        fh       => $fh,
        on_error => sub { $hdl->destroy; undef $hdl },
        on_eof   => sub { $hdl->destroy; undef $hdl },
        on_read  => sub { $hdl->push_write( delete $hdl->{rbuf} ) },
    );
}, sub { $port = $_[2]; $ready->send; 0 };
$ready->recv;
my @client;
for my $n ( 1 .. 5 ) {
    my $cv = AE::cv;
    tcp_connect '127.0.0.1', $port, sub { $cv->send( $_[0] ) };
    my $fh = $cv->recv; push @client, $fh; syswrite $fh, "hello $n\n";
    my $w = AE::cv; my $io = AE::io $fh, 0, sub { sysread $fh, my $buf, 99; print $buf; $w->send }; $w->recv;
}
print stat_(), "\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
close $_ for @client; @client = ();
my $wait = AE::cv; my $t = AE::timer 0.3, 0, sub { $wait->send }; $wait->recv;
print "after the peers have gone: ", stat_(), "\n";
