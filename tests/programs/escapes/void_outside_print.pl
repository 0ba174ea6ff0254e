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
    sub on { my ( $self, $cb ) = @_; $self->{cb} = $cb; return }
    sub stop { my ($self) = @_; delete $self->{cb}; return }
}

sub accepted {
    my ($n) = @_;
    my $q = Signal->new( n => $n );
    $q->on( sub { $q->stop } );
    print qq(ok\n);
    return;
}

package main;
for my $n ( 1 .. 3 ) { accepted($n); }
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
