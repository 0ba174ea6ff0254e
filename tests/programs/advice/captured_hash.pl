# Closures that capture a hash and an array, which no `weaken` takes.
# help: `%state = \(\);`.*`weaken\( my \$weak = \\%state \);`|`@list = \(\);`.*`weaken\( my \$weak = \\@list \);`
# chain: \$state\{handle\}|\$list\[1\]
use strict;
use warnings;
use Devel::MAT::Dumper;

package Handle { sub new { my ( $class, %args ) = @_; return bless {%args}, $class } }

package main;
for ( 1 .. 4 ) { my %state; $state{handle} = Handle->new( on_eof => sub { delete $state{handle} } ) }
for ( 1 .. 3 ) { my @list = ( 0 ); $list[1] = Handle->new( on_read => sub { $list[1]->read } ) }

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
