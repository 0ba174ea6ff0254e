# An object made of a scalar, which holds a closure that captures it.
# expect: self-callback count=3 classes=Secret closures=scalar_object.pl:12 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Secret {
    sub new {
        my ( $class, $word ) = @_;
        my $tell;
        my $self = bless \$tell, $class;
        $tell = sub { ref($self) . " knows $word" };
        return $self;
    }
}

Secret->new($_) for qw( one two three );

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
