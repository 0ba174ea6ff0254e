use strict; use warnings;
use Devel::MAT::Dumper;
package Probe { my ($m,$d)=(0,0); sub new { $m++; bless [], shift } sub DESTROY { $d++ } sub stat { "made $m destroyed $d" } }
sub is_even_table {
    my ($probe) = @_;
    my ( $even, $odd );
    $even = sub { my $n = shift; $probe->[$n] = 1; $n == 0 ? 1 : $odd->( $n - 1 ) };
    $odd  = sub { my $n = shift; $probe->[$n] = 1; $n == 0 ? 0 : $even->( $n - 1 ) };
    return $even->(4);
}
my $sum = 0;
$sum += is_even_table( Probe->new ) for 1 .. 20;
print "sum $sum\n", Probe->stat, "\n";
Devel::MAT::Dumper::dump($ENV{PMAT_OUT});
