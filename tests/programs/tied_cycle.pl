# The object behind a tied hash holds the hash.
# expect: magic-cycle count=3 classes=Mirror closures=- handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Mirror {
    sub TIEHASH { my ( $class, $face ) = @_; return bless { face => $face }, $class }
    sub FETCH { return $_[1] }
}

for ( 1 .. 3 ) {
    my $mirror = {};
    tie %$mirror, 'Mirror', $mirror;
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
