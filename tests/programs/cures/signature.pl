# The object comes by a signature, and the callback is returned by another method, in a nested package.
# cure: Capture a weakened copy of $self
use v5.36;
use Devel::MAT::Dumper;

package Relay {
    package Relay::Station;

    sub new ($class) {
        my $self = bless { log => [] }, $class;
        $self->{forward} = $self->forwarder('news');
        return $self;
    }

    sub forwarder ( $self, $prefix ) {
        return sub ($message) { push @{ $self->{log} }, "$prefix: $message" };
    }

    sub send ( $self, $message ) {
        $self->{forward}->($message);
        return "@{ $self->{log} }";
    }
}

say Relay::Station->new->send("number $_") for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
