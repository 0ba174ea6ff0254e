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
our $last;

package main;
for my $n ( 1 .. 3 ) {
    $last = Signal->new( n => $n )->hook;
    my $k = "cb";
    my $f = $main::last->{$k};
    undef $last;
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
