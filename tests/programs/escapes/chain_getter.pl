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
    sub inner { my ($self) = @_; return $self }
    sub take  { my ($self) = @_; return $self->inner->inner->{cb} }
}

package main;
for my $n ( 1 .. 3 ) {
    my $f = Signal->new( n => $n )->hook->take;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
