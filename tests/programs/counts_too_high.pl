# Counts that are one or two too high, as C code leaves them that forgets to give a count back: 20 jobs with one each,
# 30 arrays and 15 strings that nothing refers to, and a pair of tasks that hold each other, one with two counts too
# many.
# expect: none
use strict;
use warnings;
use Devel::MAT::Dumper;

package Job;
sub new { my ( $class, $id ) = @_; return bless { id => $id, log => Job::Log->new }, $class }

package Job::Log;
sub new { return bless { lines => [] }, shift }

package Task;
sub new { return bless {}, shift }

package main;

for my $id ( 1 .. 20 ) {
    my $job = Job->new($id);
    Internals::SvREFCNT( %$job, 2 );
}
for ( 1 .. 30 ) {
    my @row = ( 'id', 'name' );
    Internals::SvREFCNT( @row, 2 );
}
for my $number ( 1 .. 15 ) {
    my $text = "row $number";
    Internals::SvREFCNT( $text, 2 );
}
{
    my ( $one, $other ) = ( Task->new, Task->new );
    ( $one->{next}, $other->{next} ) = ( $other, $one );
    Internals::SvREFCNT( %$one, 4 );
}
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
