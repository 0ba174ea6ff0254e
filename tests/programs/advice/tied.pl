# A tied hash that its object leads back to: the line of the tie.
# mark: 12 tie
# certainty: certain
# help: `untie %config;`.*`weaken\( \$object->\[0\] \);`
use strict;
use warnings;
use Devel::MAT::Dumper;

package Config { require Tie::Hash; our @ISA = 'Tie::StdHash'; sub TIEHASH { my ( $class, $of ) = @_; return bless [$of], $class } }

package main;
for ( 1 .. 4 ) { my %config; tie %config, 'Config', \%config }

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
