# A wrapper that unsubscribes itself captures itself and the object that holds it.
# expect: once-wrapper count=3 classes=Channel closures=once_wrapper.pl:15 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Channel {
    sub new { return bless { listeners => [] }, shift }
    sub listen { my ( $self, $listener ) = @_; push @{ $self->{listeners} }, $listener }

    sub listen_once {
        my ( $self, $listener ) = @_;
        my $wrapper;
        $wrapper = sub {
            @{ $self->{listeners} } = grep { $_ != $wrapper } @{ $self->{listeners} };
            $listener->(@_);
        };
        $self->listen($wrapper);
    }
}

Channel->new->listen_once( sub { print "heard\n" } ) for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
