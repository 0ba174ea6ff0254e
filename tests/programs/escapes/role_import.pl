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

package R {

    sub import_to {
        no strict 'refs';
        *{$_[1] . '::grab'} = sub { return $_[0]->{cb} }
    }
}
R->import_to('Signal');

package main;
for my $n ( 1 .. 3 ) {
    my $f = Signal->new( n => $n )->hook->grab;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
