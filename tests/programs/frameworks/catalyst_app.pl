# A Catalyst application after a hundred requests, with chained actions, and a model that is made for each
# request; the dump is made inside of one more request.
# modules: Catalyst Plack::Test HTTP::Request::Common
# alive: Probe=3
# prints: 100 answers, 153 probes made, 150 destroyed
# prints: 101 answers, 153 probes made, 152 destroyed
use strict;
use warnings;
use HTTP::Request::Common qw( GET );
use Plack::Test;
use Devel::MAT::Dumper;

package Probe {
    our ( $made, $gone ) = ( 0, 0 );
    sub new     { $made++; return bless {}, shift }
    sub DESTROY { $gone++ }
}

my $answers = 0;
sub told { print "$answers answers, $Probe::made probes made, $Probe::gone destroyed\n" }

package Shop::Model::Basket {
    BEGIN { $INC{'Shop/Model/Basket.pm'} = __FILE__ }
    use Moose;
    extends 'Catalyst::Model';
    has probe => ( is => 'ro', default => sub { Probe->new } );
    sub ACCEPT_CONTEXT { my ( $self, $c ) = @_; return ref($self)->new }
}

package Shop::Controller::Root {
    BEGIN { $INC{'Shop/Controller/Root.pm'} = __FILE__ }
    use Moose;
    BEGIN { extends 'Catalyst::Controller' }
    __PACKAGE__->config( namespace => '' );

    sub begin : Private { my ( $self, $c ) = @_; $c->stash( probe => Probe->new ) }
    sub base : Chained('/') PathPart('item') CaptureArgs(1) { my ( $self, $c, $n ) = @_; $c->stash( n => $n ) }
    sub show : Chained('base') PathPart('show') Args(0) {
        my ( $self, $c ) = @_;
        $c->stash->{basket} = $c->model('Basket');
        $c->forward('render');
    }
    sub render : Private { my ( $self, $c ) = @_; $c->res->body( 'item ' . $c->stash->{n} ) }
    sub dump : Local {
        my ( $self, $c ) = @_;
        my $basket = $c->model('Basket');
        main::told();
        Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
        $c->res->body('dumped');
    }
    sub default : Private { my ( $self, $c ) = @_; $c->res->status(404); $c->res->body('none') }
    sub end : Private { }
}

package Shop {
    use Moose;
    use Catalyst;
    extends 'Catalyst';
    __PACKAGE__->config( name => 'Shop', disable_component_resolution_regex_fallback => 1 );
    __PACKAGE__->log( Catalyst::Log->new('fatal') );
    __PACKAGE__->setup_home('.');
    __PACKAGE__->components( {} );
    __PACKAGE__->setup;
}

my $test = Plack::Test->create( Shop->psgi_app );
for my $n ( 1 .. 50 ) {
    $answers++ if $test->request( GET "/item/$n/show" )->content eq "item $n";
    $answers++ if $test->request( GET "/none/$n" )->code == 404;
}
$answers++ if $test->request( GET '/dump' )->content eq 'dumped';
told();
