use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        my $cb = sub { return "n $self->{n}" };
        $self->{cb} = $cb;
        %$self = ( %$self, z => $cb );
        return $self;
    }
}

package main;
for my $n ( 1 .. 3 ) {
    my $f;
    { my $o = Signal->new( n => $n )->hook; $f = $o->{z}; }
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
