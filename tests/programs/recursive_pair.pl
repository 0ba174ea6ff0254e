# Two closures capture each other's variables.
# expect: recursive-sub count=7 classes=- closures=recursive_pair.pl:10,recursive_pair.pl:11 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

sub is_even {
    my ($number) = @_;
    my ( $even, $odd );
    $even = sub { $_[0] == 0 ? 1 : $odd->( $_[0] - 1 ) };
    $odd  = sub { $_[0] == 0 ? 0 : $even->( $_[0] - 1 ) };
    return $even->($number);
}

is_even($_) for 1 .. 7;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
