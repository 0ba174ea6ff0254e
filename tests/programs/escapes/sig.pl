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
    sub arm { my ($self) = @_; $SIG{USR1} = $self->{cb}; return 1 }
}

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    $o->arm;
    undef $o;
    print $SIG{USR1}->(), "\n";
    delete $SIG{USR1};
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
