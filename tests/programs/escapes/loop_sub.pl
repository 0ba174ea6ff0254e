use strict;
use warnings;
use Devel::MAT::Dumper;

sub make {
    my ($n) = @_;
    my ( $f, @all );
    for my $digit ( 1 .. 3 ) {
        $f = sub {
            my ($left) = @_;
            return $digit . ( $left ? $f->( $left - 1 ) : '' );
        };
        push @all, $f;
    }
    return $all[0]->(2);
}
print make($_), "\n" for 1 .. 3;
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
