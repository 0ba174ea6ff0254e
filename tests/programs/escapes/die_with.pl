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
    sub boom { my ($self) = @_; die $self->{cb} }
}

package main;
for my $n ( 1 .. 3 ) {
    eval { Signal->new( n => $n )->hook->boom };
    print $@->(), "\n";
    $@ = "";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
