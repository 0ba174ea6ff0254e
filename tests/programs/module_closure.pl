# Leaking closures of a module.
# expect: self-callback count=4 classes=Relay closures=lib/Relay.pm:17 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;
use lib 'lib';
use Relay;

Relay->new( prefix => "relay $_" )->{forward}->('hello') for 1 .. 4;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
