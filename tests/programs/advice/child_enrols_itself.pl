# The child puts itself into its parent's table: what it keeps of the parent leads back.
# title: 6 Hub objects can never be freed
# mark: 13 center
# certainty: certain
# help: weaken\( \$self->\{center\} \)
use strict;
use warnings;
use Devel::MAT::Dumper;

package Hub { sub new { return bless { plugs => {} }, shift } }

package Plug {
    sub new { my ( $class, $hub, $id ) = @_; my $self = bless { center => $hub }, $class; $hub->{plugs}{$id} = $self; return $self }
}

for ( 1 .. 6 ) { my $hub = Hub->new; Plug->new( $hub, $_ ) for 1 .. 3 }

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
