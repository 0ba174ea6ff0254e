# Leaking closures that were compiled by a string eval.
# expect: self-callback count=3 classes=Gadget closures="(eval 1):4" handles=0
use strict;
use warnings;

my $make = eval <<'SOURCE' or die $@;
sub {
    my $gadget = bless {}, 'Gadget';
    $gadget->{press} = sub {
        return $gadget;
    };
    return;
}
SOURCE

$make->() for 1 .. 3;

# loaded late, for it evaluates strings itself
require Devel::MAT::Dumper;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
