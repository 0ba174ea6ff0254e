use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { 1 };
        return $self;
    }

    sub pair {
        my ( $self, $o ) = @_;
        $self->{cb} = sub { return "n $o->{n}" };
        $o->{peer}  = $self;
        return $self;
    }
    sub call { my ($self) = @_; return $self->{cb}->() }
}

package main;
for my $n ( 1 .. 3 ) {
    my $x = Signal->new( n => $n );
    { my $y = Signal->new( n => "y$n" ); $x->pair($y); }
    print $x->call, "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
