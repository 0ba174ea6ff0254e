# Objects that are arrays, with names for their indices.
# mark: 14 PULLED
# certainty: certain
# help: weaken\( \$waggon->\[1\] \)
use strict;
use warnings;
use Devel::MAT::Dumper;

package Waggon { use constant { LOAD => 0, PULLED => 1 }; sub new { return bless [ 'coal', undef ], shift } }

package Train {
    use constant { WAGGON => 1, PULLED => 1 };
    sub new { return bless [ 'engine', undef ], shift }
    sub couple { my ( $self, $waggon ) = @_; $waggon->[PULLED] = $self; return $self->[WAGGON] = $waggon }
}

Train->new->couple( Waggon->new ) for 1 .. 8;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
