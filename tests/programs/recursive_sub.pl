# A closure captures the variable that holds it.
# expect: recursive-sub count=8 classes=- closures=recursive_sub.pl:11 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

sub factorial {
    my ($number) = @_;
    my $step;
    $step = sub {
        my ($n) = @_;
        return $n < 2 ? 1 : $n * $step->( $n - 1 );
    };
    return $step->($number);
}

factorial($_) for 1 .. 8;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
