use strict;
use warnings;
use Devel::MAT::Dumper;

use Scalar::Util ();

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { return "n $self->{n}" };
        return $self;
    }
}
our @later;

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    my $w = $o;
    Scalar::Util->can("weaken")->($w);
    push @later, sub { $w ? $w->{n} : "gone" };
    undef $o;
    print $later[-1]->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
