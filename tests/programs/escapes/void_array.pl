use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {

    sub new {
        my ( $c, %a ) = @_;
        my $self = bless {%a}, $c;
        $self->{cb} = sub { $self->{n} };
        return $self;
    }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { return "n $self->{n}" };
        return $self;
    }
}

sub accepted {
    my ($n) = @_;
    my @q = map { Signal->new( n => $_ ) } $n;
    return;
}

package main;
for my $n ( 1 .. 3 ) { accepted($n); }
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
