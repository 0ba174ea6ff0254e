# Children are pushed as they are made; the list, that begins empty, is not where the reference was stored.
# title: 4 Nest objects can never be freed
# mark: 14 within
# certainty: certain
# help: weaken\( \$child->\{within\} \)
use strict;
use warnings;
use Devel::MAT::Dumper;

package Bird { sub new { my ( $class, %args ) = @_; return bless { name => '', %args }, $class } }

package Nest {
    sub new { my $class = shift; return bless { birds => [], within => undef }, $class }
    sub hatch { my $self = shift; push @{ $self->{birds} }, Bird->new( within => $self ); return $self }
}

Nest->new->hatch->hatch for 1 .. 4;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
