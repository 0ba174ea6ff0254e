# The callback of a promise captures the promise.
# expect: promise-capture count=3 classes=Errand::Promise closures=promise_capture.pl:21 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Errand::Promise {
    sub new { return bless { callbacks => [] }, shift }

    sub then {
        my ( $self, $callback ) = @_;
        push @{ $self->{callbacks} }, $callback;
        return $self;
    }
}

sub run_errand {
    my ($errand) = @_;
    my $promise = Errand::Promise->new;
    $promise->then(
        sub { return $errand . ( $promise->{done} ? ' is done' : ' is waiting' ) }
    );
}

run_errand($_) for qw( baker butcher bank );

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
