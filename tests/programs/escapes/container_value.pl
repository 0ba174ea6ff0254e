use strict;
use warnings;
use Devel::MAT::Dumper;

package L {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }
    sub hang { my ($s) = @_; return $s->{cb}->($s) }
}

package main;

sub mk {
    my $l = [];
    push @$l, L->new(
        n  => $_,
        cb => sub {
            my ($x) = @_;
            @$l = grep { $_ != $x } @$l;
        }
    ) for 1 .. 3;
    print scalar(@$l), qq(\n);
    return $l->[0];
}
for my $n ( 1 .. 3 ) { my $x = mk(); my $left = $x->hang; print $left, qq(\n) }
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
