use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless [ $a{n} ], $c }

    sub hook {
        my ($self) = @_;
        $self->[1] = sub { return "n $self->[0]" };
        return $self;
    }
    sub t { return $_[0][1] }
}

package main;
for my $n ( 1 .. 3 ) {
    my $f = Signal->new( n => $n )->hook->t;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
