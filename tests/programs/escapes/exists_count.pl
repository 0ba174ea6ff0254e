use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { return "n $self->{n}" };
        return $self;
    }
    use Scalar::Util "refaddr";
    my %reg;

    sub reg {
        my ($self) = @_;
        my $a      = refaddr $self;
        my $was    = exists $reg{$a};
        $reg{$a} = 1;
        return $was ? "old" : "new";
    }
}

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    print $o->reg, "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
