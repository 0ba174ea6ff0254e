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
    sub visit { my ( $self, $code ) = @_; $code->($self); return 1 }
}

package main;
for my $n ( 1 .. 3 ) {
    my $f;
    my $k = "cb";
    Signal->new( n => $n )->hook->visit( sub { my ($o) = @_; $f = $o->{$k} } );
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
