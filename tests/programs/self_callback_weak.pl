# An object's own callback captures a weak copy of the object.
# expect: none
use strict;
use warnings;
use Devel::MAT::Dumper;
use Scalar::Util qw( weaken );

package Widget {
    sub new {
        my ( $class, $label ) = @_;
        my $self = bless { label => $label, clicks => 0 }, $class;
        Scalar::Util::weaken( my $weak = $self );
        $self->{on_click} = sub { $weak->{clicks}++ if $weak };
        return $self;
    }
}

Widget->new("button $_")->{on_click}->() for 1 .. 5;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
