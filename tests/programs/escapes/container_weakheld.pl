use strict;
use warnings;
use Devel::MAT::Dumper;

use Scalar::Util 'weaken';

package L {

    sub new {
        my ( $c, %a ) = @_;
        my $s = bless {%a}, $c;
        push @main::W, $s;
        Scalar::Util::weaken( $main::W[-1] );
        return $s;
    }
    sub hang { my ($s) = @_; $s->{cb}->($s); return }
}

package main;
our @W;

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
    return;
}
for my $n ( 1 .. 3 ) { mk(); print scalar( grep defined, @W ), qq(\n) }
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
