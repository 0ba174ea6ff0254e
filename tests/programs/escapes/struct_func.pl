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
sub get { my ( $d, $k ) = @_; return $d->{list}[0]{$k} }

package main;
for my $n ( 1 .. 3 ) {
    my $d = {};
    my $l = [];
    $d->{list} = $l;
    push @$l, Signal->new( n => $n )->hook;
    my $f = get( $d, "cb" );
    undef $l;
    undef $d;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
