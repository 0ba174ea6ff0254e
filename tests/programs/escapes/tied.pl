use strict;
use warnings;
use Devel::MAT::Dumper;

package TT {
    sub TIESCALAR { my ( $c, $v ) = @_; return bless {v => $v}, $c }
    sub FETCH { my ($s) = @_; my $k = 'cb'; return $s->{v}{$k} }
}

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { return "n $self->{n}" };
        return $self;
    }
}

package main;
for my $n ( 1 .. 3 ) {
    tie my $t, "TT", Signal->new( n => $n )->hook;
    my $f = $t;
    untie $t;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
