use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new {
        my ( $class, %args ) = @_;
        my $self = bless {%args}, $class;
        $self->{cb} = sub { return $self->{n} };
        return $self;
    }
}

package main;
for my $n ( 1 .. 3 ) {
    print "no\n" unless Signal->new( n => $n );
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
