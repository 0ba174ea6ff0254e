use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        my $cb = sub { return "n $self->{n}" };
        $self->{cb} = $cb;
        $self->{c2} = [$cb];
        return $self;
    }
    sub c { my ($s) = @_; return $s->{c2} }
}

package main;
for my $n ( 1 .. 3 ) {
    my $f = Signal->new( n => $n )->hook->c->[0];
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
