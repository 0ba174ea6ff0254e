# Several places store the key: the likeliest is marked, the others are told.
# mark: 13 peer
# certainty: probable
# text: probably stored as \{peer\} here \(or at \S+:14, .* and 2 more\)
use strict;
use warnings;
use Devel::MAT::Dumper;

package Node {
    sub new { return bless { peer => undef }, shift }

    # pmat tells five of those that are not marked
    sub link1 { my ( $self, $x ) = @_; $self->{peer} = $x; return $self }
    sub link2 { my ( $self, $x ) = @_; $self->{peer} = $x; return $self }
    sub link3 { my ( $self, $x ) = @_; $self->{peer} = $x; return $self }
    sub link4 { my ( $self, $x ) = @_; $self->{peer} = $x; return $self }
    sub link5 { my ( $self, $x ) = @_; $self->{peer} = $x; return $self }
    sub link6 { my ( $self, $x ) = @_; $self->{peer} = $x; return $self }
    sub link7 { my ( $self, $x ) = @_; $self->{peer} = $x; return $self }
    sub link8 { my ( $self, $x ) = @_; $self->{peer} = $x; return $self }
}

package main;
for ( 1 .. 3 ) { my $node = Node->new; $node->link8($node) }

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
