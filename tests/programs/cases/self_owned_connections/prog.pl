use strict; use warnings;
use Socket; use IO::Handle; use Devel::MAT::Dumper; use Server;
my @client;
for my $n ( 1 .. 5 ) { socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die; Server::accepted($a); push @client, $b }
sub talk { my ( $fh, $text ) = @_; syswrite $fh, $text; Conn::tick() for 1 .. 3; $fh->blocking(0); my $n = sysread $fh, my $buf, 99; return $n ? $buf : "no answer\n" }
print talk( $_, "hello\n" ) for @client;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
print talk( $_, "again\n" ) for @client;
close $_ for @client; Conn::tick() for 1 .. 5;
print "made $Conn::made destroyed $Conn::gone lines $Conn::lines\n";
