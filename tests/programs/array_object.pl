# An object made of an array, with a callback that captures it.
# expect: self-callback count=3 classes=Robot closures=array_object.pl:13 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Robot {
    use constant { NAME => 0, ON_BUMP => 1 };

    sub new {
        my ( $class, $name ) = @_;
        my $self = bless [$name], $class;
        $self->[ON_BUMP] = sub { warn "$self->[NAME] bumped\n" };
        return $self;
    }
}

Robot->new("robot $_") for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
