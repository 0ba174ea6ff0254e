use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $class, %args ) = @_; return bless {%args}, $class }
    sub fire { my ($self) = @_; return $self->{cb}->() }
}

package main;

sub make {
    my ($n) = @_;
    my $o;
    my $first;
    for my $name ( 1 .. 3 ) {
        $o = Signal->new( name => $name, cb => sub { return "n $o->{name}" } );
        $first = $o unless $first;
    }
    return $first;
}
for my $n ( 1 .. 3 ) {
    my $first = make($n);
    print $first->fire, "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
