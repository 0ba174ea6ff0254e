use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { $self->{n} };
        return;
    }
}

package main;
for my $n ( 1 .. 3 ) { Signal->new( n => $n )->hook; }
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
