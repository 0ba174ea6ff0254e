use strict;
use warnings;
use Devel::MAT::Dumper;

package In {
    sub run { my ($s) = @_; return $s->{cb}->() }
}

package Sender {
    our @G;

    sub new {
        my ( $c, %a ) = @_;
        my $in = bless {cb => $a{cb}}, 'In';
        push @G, $in;
        return bless {in => $in, n => $a{n}}, $c;
    }
    sub n { my ($self) = @_; return $self->{n} }
}

package main;

sub mk {
    my ($n) = @_;
    my $q;
    $q = Sender->new( n => $n, cb => sub { return 'n ' . $q->n } );
    print $q->n, qq(\n);
    return;
}
for my $n ( 1 .. 3 ) { mk($n); my $i = shift @Sender::G; print $i->run, qq(\n); }
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
