# Two cycles hold one and the same list, which is in no cycle: it is kept by both, and counts for neither alone.
# expect: self-ref count=2 classes=Owner closures=- handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

{
    my $list = [ map { "entry $_" } 1 .. 20 ];
    for ( 1 .. 2 ) {
        my $owner = bless { list => $list }, 'Owner';
        $owner->{self} = $owner;
    }
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
