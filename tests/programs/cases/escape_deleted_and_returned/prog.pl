use strict; use warnings; use Devel::MAT::Dumper; use O;
print O::try($_), "\n" for 1 .. 5;
print "gone $O::gone\n"; Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
