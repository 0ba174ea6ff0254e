use strict;
use warnings;
use Devel::MAT::Dumper;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { use feature "current_sub"; push @main::l, $self->{n}; 0 };
        return $self;
    }
    sub run { my ($self) = @_; my $c = $self->{cb}; my @x = sort $c 2, 1; return 1 }
}
our @l;

package main;
for my $n ( 1 .. 3 ) {
    my $o = Signal->new( n => $n )->hook;
    $o->run;
    print scalar(@l), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
