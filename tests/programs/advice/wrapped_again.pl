# A closure is meant to capture what its variable held before it was wrapped.
# mark: 15 sub
# help: `\$app`, which was assigned again later.*`my \$copy = \$app;`
use strict;
use warnings;
use Devel::MAT::Dumper;

package Wrap {
    sub new { my ( $class, %args ) = @_; return bless {%args}, $class }
}

package main;
for my $n ( 1 .. 5 ) {
    my $app = sub { return "page $n" };
    $app = Wrap->new( app => $app, builder => sub { return $app } );
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
