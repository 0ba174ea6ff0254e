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
    sub grab { my $c = shift; my %a = ( z => 1, @_ ); my $k = $a{k}; return $a{o}{$k} }
}

package main;
for my $n ( 1 .. 3 ) {
    my $f = Signal->grab( o => Signal->new( n => $n )->hook, k => "cb" );
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
