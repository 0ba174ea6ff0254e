use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }
    sub api { my ($self) = @_; my $h = $self->{h} = {}; return $self }
    sub n   { $_[0]{n} }
}

package main;

sub mk {
    my ($o) = @_;
    return {cb => sub { return $o->n }};
}
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n );
    $o->{x} = mk($o);
    my $f = $o->{x}{cb};
    undef $o;
    print $f->(), qq(\n);
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
