# A ring of three classes, each made by the one before; only the last knows the first.
# mark: 11 top
# certainty: certain
# help: weaken\( \$child->\{top\} \)
use strict;
use warnings;
use Devel::MAT::Dumper;

package Low { sub new { my ( $class, %args ) = @_; return bless {%args}, $class } }

package Middle { sub new { my ( $class, $t ) = @_; my $self = bless {}, $class; $self->{low} = Low->new( top => $t ); return $self } }

package Top { sub new { my ($class) = @_; my $self = bless {}, $class; $self->{middle} = Middle->new($self); return $self } }

Top->new for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
