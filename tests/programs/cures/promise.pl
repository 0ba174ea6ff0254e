# The callback of a promise captures the promise.
# cure: Capture a weakened copy of $promise
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

    sub resolve {
        my ($self) = @_;
        $self->{done} = 1;
        for my $callback ( @{ $self->{callbacks} } ) { $callback->() }
    }
}

sub run_errand {
    my ($errand) = @_;
    my $promise = Errand::Promise->new;
    $promise->then(
        sub { print $errand . ( $promise->{done} ? ' is done' : ' is waiting' ) . "\n" }
    );
    $promise->resolve;
}

run_errand($_) for qw( baker butcher bank );

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
