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
    sub grab { my @a = @_; my $k = $a[1]; return $a[0]{$k} }
}

package main;
for my $n ( 1 .. 3 ) {
    my $f = Signal->new( n => $n )->hook->grab("cb");
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
