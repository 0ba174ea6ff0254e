# A closure calls itself without a variable.
# expect: none
use strict;
use warnings;
use feature 'current_sub';
use Devel::MAT::Dumper;

sub factorial {
    my ($number) = @_;
    my $step = sub {
        my ($n) = @_;
        return $n < 2 ? 1 : $n * __SUB__->( $n - 1 );
    };
    return $step->($number);
}

factorial($_) for 1 .. 8;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
