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
}

package Sub {
    our @ISA = ('Signal');
    sub cb { my ($s) = @_; return $s->{cb} }
}

package main;
for my $n ( 1 .. 3 ) {
    my $f = Sub->new( n => $n )->hook->cb;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
