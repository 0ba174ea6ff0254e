use strict;
use warnings;
use Devel::MAT::Dumper;

use feature 'current_sub';

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { use feature "current_sub"; push @main::L, __SUB__ if !@_; return "n $self->{n}" };
        $self->{cb}->();
        return $self;
    }
}
our @L;

package main;
for my $n ( 1 .. 3 ) {
    Signal->new( n => $n )->hook;
    my $f = pop @L;
    @L = ();
    print $f->(1), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
