# The reference is stored by a parent class.
# title: 4 Leaf objects can never be freed
# mark: 11 me
# certainty: certain
# help: delete \$self->\{me\}
use strict;
use warnings;
use Devel::MAT::Dumper;

package Base {
    sub new { my ($class) = @_; my $self = bless { me => undef }, $class; $self->{me} = $self; return $self }
}

package Leaf { our @ISA = 'Base'; sub size { return 1 } }
package Other { sub new { my ($class) = @_; my $self = bless {}, $class; $self->{me} = $class; return $self } }

package main;
Leaf->new for 1 .. 4;
our $other = Other->new;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
