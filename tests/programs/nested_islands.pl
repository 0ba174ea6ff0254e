# One cycle keeps another one alive: two bugs, for without the outer cycle the inner one would still leak.
# expect: self-callback count=2 classes=Outer closures=nested_islands.pl:12 handles=0
# expect: self-ref count=2 classes=Inner closures=- handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

for ( 1 .. 2 ) {
    my $inner = bless {}, 'Inner';
    $inner->{self} = $inner;
    my $outer = bless { inner => $inner }, 'Outer';
    $outer->{callback} = sub { $outer };
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
