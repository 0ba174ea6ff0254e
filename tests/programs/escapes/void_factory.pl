use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {

    sub new {
        my ( $c, %a ) = @_;
        my $self = bless {%a}, $c;
        $self->{cb} = sub { $self->{n} };
        return $self;
    }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { return "n $self->{n}" };
        return $self;
    }
    sub make { my ( $c, $n ) = @_; return $c->new( n => $n ) }
}
sub accepted { my ($n) = @_; Signal->make($n) }

package main;
for my $n ( 1 .. 3 ) { accepted($n); }
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
