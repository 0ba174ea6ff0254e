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

    sub later {
        my ($self) = @_;
        my $in = $self->{cb};
        push @main::Q, sub { $in->() };
        return 1;
    }
}
our @Q;

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    $o->later;
    undef $o;
    my $x = pop @Q;
    print $x->(), "\n";
    undef $x;
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
