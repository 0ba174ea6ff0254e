# Cycles that are still reachable: from a lexical of the file, from a package array, from a state variable.
# expect: none
use strict;
use warnings;
use feature 'state';
use Devel::MAT::Dumper;

our @QUEUE;

sub looped {
    my $item = { name => shift };
    $item->{retry} = sub { $item->{tries}++ };
    return $item;
}

sub remember { state $first = looped('state'); return $first }

my $kept = looped('lexical');
push @QUEUE, looped("queue $_") for 1 .. 3;
remember();

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
