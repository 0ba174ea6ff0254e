# A wrapper that takes itself out of an object's list captures itself and the object; it is never called.
# cure: Capture a weakened copy of $self; call the running sub as __SUB__ instead of $wrapper
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

    sub tell {
        my ( $self, $news ) = @_;
        for my $listener ( @{ $self->{listeners} } ) {
            $listener->($news);
        }
    }
}

for my $number ( 1 .. 3 ) {
    my $channel = Channel->new;
    $channel->listen_once( sub { print "once: $_[0] $number\n" } );
    $channel->tell('first');
    $channel->tell('second');
    $channel->listen_once( sub { print "never\n" } );
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
