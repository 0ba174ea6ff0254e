# The new object takes the one that makes it as a plain argument.
# title: 5 Engine objects can never be freed
# mark: 10 maker
# certainty: certain
# help: weaken\( \$self->\{maker\} \)
use strict;
use warnings;
use Devel::MAT::Dumper;

package Gauge { sub new { my ( $class, $of ) = @_; my $self = bless { maker => $of, unit => undef }, $class; return $self } }

package Engine {
    sub new {
        my ($class) = @_;
        my $self = bless { gauge => undef, log => [] }, $class;
        my $gauge = Gauge->new($self);
        $self->{gauge} = $gauge;
        return $self;
    }
}

Engine->new for 1 .. 5;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
