use strict;
use warnings;
use Devel::MAT::Dumper;

package Guard {
    sub new { my ( $c, $cb ) = @_; return bless {cb => $cb}, $c }
    sub DESTROY { my ($s) = @_; $s->{cb}->() }
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
    my $o = Signal->new( n => $n )->hook;
    $o->{g} = Guard->new(
        sub {
            print "bye
";
        }
    );
    print "x$o->{n}
";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
