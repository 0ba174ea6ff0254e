# A closure that lives is the only one that holds its object: it must not hold it weakly.
# help: delete \$job->\{cb\}
# never: weaken
use strict;
use warnings;
use Devel::MAT::Dumper;

package Job { sub new { return bless {}, shift } }

package main;
our @queue;
for ( 1 .. 6 ) {
    my $job = Job->new;
    my $cb  = sub { return $job->{n} };
    if   ( $_ > 3 ) { push @queue, $cb }
    else            { $job->{cb} = $cb }
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
