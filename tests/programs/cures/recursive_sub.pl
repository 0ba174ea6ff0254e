# A closure calls itself by the variable that holds it.
# cure: Call the running sub as __SUB__ instead of $step
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

sub flatten {
    my (@things) = @_;
    return join ' ', map { ref $_ ? flatten(@$_) : $_ } @things;
}

print factorial($_), "\n" for 1 .. 8;
print flatten( 1, [ 2, [ 3, 4 ] ], 5 ), "\n";

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
