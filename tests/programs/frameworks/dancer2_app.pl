# A Dancer2 application after a hundred requests: hooks, sessions, a forward, an error page, JSON.
# modules: Dancer2 Plack::Test HTTP::Request::Common
# alive: Dancer2::Core::App=1
# prints: 100 answers, 60 probes made, 60 destroyed
# prints: 110 answers, 66 probes made, 66 destroyed
use strict;
use warnings;
use HTTP::Request::Common qw( GET POST );
use Plack::Test;
use Devel::MAT::Dumper;

package Probe {
    our ( $made, $gone ) = ( 0, 0 );
    sub new     { $made++; return bless {}, shift }
    sub DESTROY { $gone++ }
}

package Shop {
    use Dancer2 appname => 'Shop';
    set session => 'Simple';
    set logger  => 'Null';

    hook before => sub { var started => 1 };
    hook after  => sub { my ($response) = @_; $response->header( 'X-Seen' => 1 ) };

    get '/item/:n' => sub {
        my $probe = Probe->new;
        var probe => $probe;
        session last => route_parameters->get('n');
        return 'item ' . route_parameters->get('n');
    };
    get '/last'     => sub { return 'last ' . ( session('last') // 'none' ) };
    get '/moved/:n' => sub { forward '/item/' . route_parameters->get('n') };
    post '/note'    => sub { my $probe = Probe->new; return to_json( { note => body_parameters->get('note') } ) };
    get '/broken'   => sub { send_error( 'broken', 500 ) };
}

my $test    = Plack::Test->create( Shop->to_app );
my $answers = 0;

sub ask {
    my ($n) = @_;
    my @answers = (
        $test->request( GET "/item/$n" )->content eq "item $n",
        $test->request( GET "/moved/$n" )->content eq "item $n",
        $test->request( POST '/note', { note => $n } )->content =~ /"$n"/,
        $test->request( GET '/last' )->content eq 'last none',
        $test->request( GET '/broken' )->code == 500,
    );
    $answers += grep { $_ } @answers;
}

ask($_) for 1 .. 20;
print "$answers answers, $Probe::made probes made, $Probe::gone destroyed\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
ask($_) for 1 .. 2;
print "$answers answers, $Probe::made probes made, $Probe::gone destroyed\n";
