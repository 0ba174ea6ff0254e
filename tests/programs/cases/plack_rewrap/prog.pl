use strict; use warnings;
use Plack::Builder; use Plack::Middleware::Conditional; use Plack::Middleware::Static; use Plack::Test; use HTTP::Request::Common; use Devel::MAT::Dumper;
package Probe { my ( $m, $d ) = ( 0, 0 ); sub new { $m++; bless {}, shift } sub DESTROY { $d++ } sub stat { "made $m destroyed $d" } }
sub make_app {
    my ($n) = @_;
    my $probe = Probe->new;
    my $app = sub { $probe->{calls}++; [ 200, [ 'Content-Type' => 'text/plain' ], ["page $n"] ] };
    $app = Plack::Middleware::Conditional->wrap(
        $app,
        condition => sub { $_[0]{PATH_INFO} =~ m{^/static} },
        builder   => sub { Plack::Middleware::Static->wrap( $app, path => qr{^/static}, root => '/tmp' ) },
    );
    return $app;
}
my $all = '';
for my $n ( 1 .. 20 ) { $all = Plack::Test->create( make_app($n) )->request( GET '/' )->content }
print "$all\n", Probe->stat, "\n";
Devel::MAT::Dumper::dump($ENV{PMAT_OUT});
