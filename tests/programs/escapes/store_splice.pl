use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        splice @{$self->{l}}, 0, 0, sub { return "n $self->{n}" };
        return $self;
    }
    sub t { my ($s) = @_; return splice @{$s->{l}}, 0, 1 }
}

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    $o->hook;
    my ($f) = $o->t;
    undef $o;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
