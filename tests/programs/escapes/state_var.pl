use strict;
use warnings;
use Devel::MAT::Dumper;

use feature 'state';

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { return "n $self->{n}" };
        return $self;
    }
    sub keep { use feature "state"; state $f; my ($self) = @_; my $old = $f; $f = $self->{cb}; return $old }
}

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    $o->keep;
    undef $o;
    print Signal::keep( {cb => undef} )->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
