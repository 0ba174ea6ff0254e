# Values that hold themselves: a hash, an array and a scalar.
# expect: self-ref count=4 classes=- closures=- handles=0
# expect: self-ref count=3 classes=- closures=- handles=0
# expect: self-ref count=2 classes=- closures=- handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

for ( 1 .. 4 ) { my %self; $self{me} = \%self }
for ( 1 .. 3 ) { my @self; push @self, \@self }
for ( 1 .. 2 ) { my $self; $self = \$self }

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
