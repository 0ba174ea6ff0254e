use strict;
use warnings;
use Devel::MAT::Dumper;

use Scalar::Util 'weaken';

package Part {
    sub new { bless {n => $_[1]}, $_[0] }
}

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
    my $p = $o->{part} = Part->new($n);
    weaken($p);
    push @later, sub { $p ? $p->{n} : "gone" };
    undef $o;
    print $later[-1]->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
