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
    our @g;
    sub rx { my ($self) = @_; my $t = "x"; $t =~ s/x/push @g, $self->{cb}/e; return 1 }
}

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    $o->rx;
    undef $o;
    my $f = pop @Signal::g;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
