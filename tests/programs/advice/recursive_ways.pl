# Closures that call themselves; not all of them in the very sub that the variable holds.
# help: `__SUB__` instead of `\$direct`|`undef \$(nested|evald|left|right);`
# never: `__SUB__` instead of `\$(nested|evald|left|right)`
use strict;
use warnings;
use Devel::MAT::Dumper;

for ( 1 .. 3 ) {
    my $direct; $direct = sub { my $n = shift; return $n ? $direct->( $n - 1 ) : 0 };
    my $nested; $nested = sub { my $n = shift; my $later = sub { $nested->( $n - 1 ) }; return $n ? $later->() : 0 };
    my $evald; $evald = sub { my $n = shift; $evald if 0; return $n ? eval '$evald->($n - 1)' : 0 };
    my ( $left, $right );
    $left  = sub { my $n = shift; return $n ? $right->( $n - 1 ) : 0 };
    $right = sub { my $n = shift; return $n ? $left->( $n - 1 ) : 0 };
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
