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
    sub clone { my ($self) = @_; return bless {%$self}, ref $self }
    sub run   { my ($self) = @_; return $self->{cb}->() }
}

package main;
for my $n ( 1 .. 3 ) {
    my $c = Signal->new( n => $n )->hook->clone;
    print $c->run, "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
