# Objects that live until the program ends, and objects that died in time.
# expect: none
use strict;
use warnings;
use Devel::MAT::Dumper;

package Guest {
    our $GONE = 0;
    sub new { return bless { name => $_[1], friends => [] }, $_[0] }
    sub DESTROY { $GONE++ }
}

my @guests = map { Guest->new("guest $_") } 1 .. 5;
push @{ $guests[0]{friends} }, @guests[ 1 .. 4 ];
Guest->new("visitor $_") for 1 .. 5;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
