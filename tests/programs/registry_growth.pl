# A registry in a package variable only grows: no leak that can be proved, for all of it can be reached.
# expect: none
use strict;
use warnings;
use Devel::MAT::Dumper;

package Session {
    our %SESSIONS;

    sub new {
        my ( $class, $id ) = @_;
        my $self = bless { id => $id }, $class;
        $self->{on_timeout} = sub { delete $SESSIONS{ $self->{id} } };
        return $SESSIONS{$id} = $self;
    }
}

Session->new($_) for 1 .. 30;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
