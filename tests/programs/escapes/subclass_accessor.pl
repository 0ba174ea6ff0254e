use strict;
use warnings;
use Devel::MAT::Dumper;

package Base {

    sub _acc {
        my ( $c, $k ) = @_;
        no strict 'refs';
        *{$c . '::' . $k} = sub { return $_[0]->{$k} }
    }
}

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { return "n $self->{n}" };
        return $self;
    }
    our @ISA = ('Base');
    __PACKAGE__->_acc('cb');
}

package main;
for my $n ( 1 .. 3 ) {
    my $f = Signal->new( n => $n )->hook->cb;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
