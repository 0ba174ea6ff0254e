use strict;
use warnings;
use Devel::MAT::Dumper;

use feature 'lexical_subs';
no warnings;

package Signal {
    sub new { my ( $c, %a ) = @_; return bless {%a}, $c }

    sub hook {
        my ($self) = @_;
        $self->{cb} = sub { return "n $self->{n}" };
        return $self;
    }
}
my sub grab { my ( $o, $k ) = @_; return $o->{$k} }

package main;
for my $n ( 1 .. 3 ) {
    my $f = grab( Signal->new( n => $n )->hook, "cb" );
    print $f->(), "\n";
}
print "end\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
