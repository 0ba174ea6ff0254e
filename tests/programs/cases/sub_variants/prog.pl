use 5.010; use strict; use warnings; use Devel::MAT::Dumper;
sub amp   { my $f; $f = sub { return 0 unless @_; shift; 1 + &$f }; return $f->( 1 .. 3 ) }
sub amp2  { my $f; $f = sub { my $n = shift; $n ? 1 + &$f( $n - 1 ) : 0 }; $f->(3) }
sub gotoo { my $f; $f = sub { return 'end' unless shift; goto &$f }; $f->( 1, 1, 0 ) }
sub mapped { my $f; $f = sub { my $t = shift; ref $t ? map { $f->($_) } @$t : $t }; join ',', $f->( [ 1, [ 2, 3 ], 4 ] ) }
sub sorted { my $f; $f = sub { my ( $t, $d ) = @_; $d ? ( sort { $f->( $a, 0 ) <=> $f->( $b, 0 ) } @$t ) : $t }; join ',', $f->( [ 3, 1, 2 ], 1 ) }
sub passed { my $walk; $walk = sub { my ( $t, $cb ) = @_; return $cb->($t) unless ref $t; $_ && $walk->( $_, $cb ) for @$t; 1 }; my $sum = 0; $walk->( [ 1, [ 2, 3 ] ], sub { $sum += shift } ); $sum }
sub nested { my $f; $f = sub { my $n = shift; return 0 unless $n; my $later = sub { 1 + $f->( $n - 1 ) }; $later->() }; $f->(3) }
sub evald { my $f; $f = sub { my $n = shift; $n ? eval '1 + $f->($n - 1)' : 0 }; $f->(3) }
sub array { my @f; @f = ( sub { my $n = shift; $n ? 1 + $f[1]->( $n - 1 ) : 0 }, sub { my $n = shift; $n ? 10 + $f[0]->( $n - 1 ) : 0 } ); $f[0]->(4) }
sub hash { my %d; %d = ( a => sub { my $n = shift; $n ? $d{b}->( $n - 1 ) : 'a' }, b => sub { my $n = shift; $n ? $d{a}->( $n - 1 ) : 'b' } ); $d{a}->(3) }
sub same { my $f; $f = sub { my $n = shift; my $me = $f; $n ? ( $me == $f ) + $f->( $n - 1 ) : 0 }; $f->(3) }
sub refd { my $r; $r = \sub { my $n = shift; $n ? 1 + $$r->( $n - 1 ) : 0 }; $$r->(3) }
sub strung { my $f; $f = sub { my $n = shift; $n ? "x@{[ $f->( $n - 1 ) ]}" : 'y' }; $f->(3) }
my @all = qw( amp amp2 gotoo mapped sorted passed nested evald array hash same refd strung );
no strict 'refs'; for my $name (@all) { my $r; $r = &$name() for 1 .. 10; say "$name $r" }
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
