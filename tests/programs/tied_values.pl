# Ties and other magic, all reachable or freed.
# expect: none
use strict;
use warnings;
use Devel::MAT::Dumper;

package Counter {
    sub TIESCALAR { my $count = 0; return bless \$count, shift }
    sub FETCH { my ($self) = @_; return ++$$self }
    sub STORE { }
}

package Shelf {
    sub TIEHASH { return bless { books => {} }, shift }
    sub FETCH { return $_[0]{books}{ $_[1] } }
    sub STORE { $_[0]{books}{ $_[1] } = $_[2] }
}

tie my $counter, 'Counter';
tie my %shelf, 'Shelf';
$shelf{poems} = [ $counter, $counter ];
for ( 1 .. 3 ) { tie my $gone, 'Counter'; my $value = $gone }

our $text     = 'a text with a position';
our $position = $text =~ /text/g ? pos $text : 0;
our $part     = \substr $text, 2, 4;
local $SIG{ALRM} = sub { die "alarm\n" };
our $version = v1.22.333;
our $pattern = qr/(?<word>\w+)/;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
