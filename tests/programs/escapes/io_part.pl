use strict;
use warnings;
use Devel::MAT::Dumper;

package IOx {
    sub new  { bless {}, shift }
    sub fire { my ($s) = @_; return $s->{h}->() }
}

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{io} = IOx->new;
        $self->{io}{h} = sub { return "n $self->{n}" };
        push @main::W, $self->{io};
        return $self;
    }
}
our @W;

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    undef $o;
    my $w = shift @W;
    print $w->fire, "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
