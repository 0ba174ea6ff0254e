use strict; use warnings; use Devel::MAT::Dumper;
package Plan {
    use Hash::Util::FieldHash 'fieldhash'; fieldhash my %STEPS; my ( $m, $d ) = ( 0, 0 );
    sub new { $m++; bless {}, shift } sub DESTROY { $d++ } sub stat { "made $m destroyed $d" }
    sub steps { my ( $self, @new ) = @_; $STEPS{$self} = [@new] if @new; return $STEPS{$self} }
}
for my $n ( 1 .. 20 ) { my $plan = Plan->new; my $user = Plan->new; $user->{plan} = $plan; $plan->steps( sub { $user } ) }
print Plan->stat, "\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
