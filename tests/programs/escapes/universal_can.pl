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
    sub grab { my $k = "cb"; return $_[0]{$k} }
}

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    my $m = UNIVERSAL::can( $o, "grab" );
    my $f = $m->($o);
    undef $o;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
