# An object's own callback captures the object.
# expect: self-callback count=5 classes=Widget closures=self_callback.pl:13 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Widget {
    sub new {
        my ( $class, $label ) = @_;
        my $self = bless { label => $label, clicks => 0 }, $class;
        $self->{on_click} = sub {
            # counts the clicks
            $self->{clicks}++;
        };
        return $self;
    }
}

Widget->new("button $_")->{on_click}->() for 1 .. 5;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
