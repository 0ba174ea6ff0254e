# Hash keys and lexical names that are not plain ASCII words, on the cycles.
# expect: self-callback count=2 classes=Box closures=odd_strings.pl:13 handles=0
# expect: self-ref count=1 classes=Box closures=- handles=0
use strict;
use warnings;
use utf8;
use Devel::MAT::Dumper;

package Box { }

for ( 1 .. 2 ) {
    my $größe = bless {}, 'Box';
    $größe->{'on "open"'} = sub { $größe };
}
{
    my $box = bless {}, 'Box';
    $box->{"\x{2603}\n"} = $box;
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
