# A wrapper that unsubscribes itself, with both of its captures weak.
# expect: none
use strict;
use warnings;
use Devel::MAT::Dumper;
use Scalar::Util;

package Channel {
    sub new { return bless { listeners => [] }, shift }
    sub listen { my ( $self, $listener ) = @_; push @{ $self->{listeners} }, $listener }

    sub listen_once {
        my ( $self, $listener ) = @_;
        Scalar::Util::weaken( my $weak = $self );
        my $wrapper;
        $wrapper = sub {
            @{ $weak->{listeners} } = grep { $_ != $wrapper } @{ $weak->{listeners} };
            $listener->(@_);
        };
        $self->listen($wrapper);
        Scalar::Util::weaken($wrapper);
    }
}

Channel->new->listen_once( sub { print "heard\n" } ) for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
