use strict;
use warnings;
use Devel::MAT::Dumper;

sub run1 {
    my ($n) = @_;
    my $s = {n => $n};
    $s->{cb} = sub { return "n $s->{n}" };
    my $f = $s->{cb};
    my $t = $s;
    print $f->(), qq(
);
    return;
}

package main;
for my $n ( 1 .. 3 ) { run1($n); }
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
