# The text does not tell; but of those that live, something else holds every Host, and nothing else a Guest.
# title: 5 Host objects can never be freed
# help: leads back, `weaken\( \$\w+->\{left\} \);`; something else must hold the Host
use strict;
use warnings;
use Devel::MAT::Dumper;

package Guest { sub new { return bless {}, shift } }
package Host  { sub new { return bless {}, shift } }

package main;
our @live;
for ( 1 .. 8 ) {
    my ( $guest, $host ) = ( Guest->new, Host->new );
    $guest->{left} = $host;
    $host->{right} = $guest;
    push @live, $host if $_ > 5;
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
