# Nothing but the name tells; `callback` and `group` are no way back.
# help: leads back, `weaken\( \$\w+->\{_p\} \);`
use strict;
use warnings;
use Devel::MAT::Dumper;

package Inner { sub new { return bless {}, shift } }
package Outer { sub new { return bless {}, shift } }

package main;
for ( 1 .. 5 ) {
    my ( $inner, $outer ) = ( Inner->new, Outer->new );
    $inner->{_p}         = $outer;
    $outer->{callback_group} = $inner;
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
