# Doubly linked lists: one island each, however long.
# expect: parent-child count=2 classes=Bead closures=- handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

for ( 1 .. 2 ) {
    my @beads = map { bless { number => $_ }, 'Bead' } 0 .. 49;
    for my $bead (@beads) {
        $bead->{next} = $beads[ ( $bead->{number} + 1 ) % 50 ];
        $bead->{prev} = $beads[ $bead->{number} - 1 ];
    }
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
