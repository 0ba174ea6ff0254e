use strict;
use warnings;
use Devel::MAT::Dumper;

sub mk {
    my ($n) = @_;
    my $s = {n => $n};
    $s->{cb} = sub { return "n $s->{n}" };
    return $s->{cb};
}

package main;
for my $n ( 1 .. 3 ) {
    my $f = mk($n);
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
