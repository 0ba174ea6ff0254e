# A field hash whose entries lead back to the objects that they belong to: perl drops an entry when its object is freed,
# which never happens. The hash is alive, so nothing is lost; the report has a note.
#
# expect: none
use strict;
use warnings;
use Devel::MAT::Dumper;

package Plan;

use Hash::Util::FieldHash 'fieldhash';

fieldhash my %STEPS;
fieldhash my %TITLE;

sub new { my ( $class, $title ) = @_; my $self = bless {}, $class; $TITLE{$self} = $title; return $self }

sub steps { my ( $self, @steps ) = @_; $STEPS{$self} = [@steps]; return $self }

package main;

my $kept = Plan->new('kept')->steps('the first', 'the second');
for my $number ( 1 .. 5 ) {
    my $plan = Plan->new("plan $number");
    my $user = bless { plan => $plan }, 'User';
    $plan->steps( sub { return $user } );
}
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
