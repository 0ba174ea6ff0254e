# Two objects that hold each other, with nothing that tells which of them owns the other.
# help: one must be chosen: `weaken\( \$\w+->\{(left|right)\} \);`.* or `weaken\( \$\w+->\{(left|right)\} \);`
# never: leads back, `
# certainty: certain
use strict;
use warnings;
use Devel::MAT::Dumper;

package East { sub new { return bless {}, shift } }
package West { sub new { return bless {}, shift } }

package main;
for ( 1 .. 5 ) {
    my ( $east, $west ) = ( East->new, West->new );
    $east->{left}  = $west;
    $west->{right} = $east;
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
