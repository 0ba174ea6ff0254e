use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal;
use constant CB => 'cb';

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{+CB} = sub { return "n $self->{n}" };
        return $self;
    }
    sub t { my ($s) = @_; return $s->{CB()} }
}

package main;
for my $n ( 1 .. 3 ) {
    my $f = Signal->new( n => $n )->hook->t;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
