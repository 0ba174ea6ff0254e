# Leaked hashes that hold long strings, which the dump cuts: 200,000 bytes each.
# expect: self-ref count=2 classes=- closures=- handles=0 large_strings_at_least=400000
use strict;
use warnings;
use Devel::MAT::Dumper;

for my $number ( 1 .. 2 ) {
    my $page = { number => $number, text => $number x 200_000 };
    $page->{self} = $page;
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
