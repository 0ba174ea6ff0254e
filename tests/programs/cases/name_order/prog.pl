use strict; use warnings; use Devel::MAT::Dumper;
package Fixer; sub new { my ( $class, %args ) = @_; return bless {%args}, $class }
package Shop;  sub new { my ($class) = @_; my $self = bless {}, $class; $self->{fixer} = Fixer->new( shop => $self ); return $self }
package main; Shop->new for 1 .. 20; Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
