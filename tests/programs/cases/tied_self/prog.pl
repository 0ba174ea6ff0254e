use strict; use warnings; use Devel::MAT::Dumper;
package Cfg { my ( $m, $d ) = ( 0, 0 ); require Tie::Hash; our @ISA = 'Tie::ExtraHash';
  sub TIEHASH { my ( $c, $owner ) = @_; $m++; bless [ {}, $owner ], $c } sub DESTROY { $d++ } sub stat { "made $m destroyed $d" } }
sub make { my %h; tie %h, 'Cfg', \%h; $h{a} = 1; return $h{a} }
my $sum = 0; $sum += make() for 1 .. 20;
sub make2 { my $h = {}; my $t = tie %$h, 'Cfg', undef; $t->[1] = $h; $h->{b} = 2; return $h->{b} }
$sum += make2() for 1 .. 10;
print "$sum ", Cfg->stat, "\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
