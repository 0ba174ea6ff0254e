# Values of every sort in one package hash, for a test of what a reader shows.
# expect: none
use strict;
use warnings;
use utf8;
use Devel::MAT::Dumper;

our %VALUES = (
    zero      => 0,
    negative  => -42,
    largest   => 18446744073709551615,
    half      => 0.5,
    tenth     => 0.1,
    huge      => 1e300,
    infinity  => 9**9**9,
    empty     => '',
    text      => 'plain text',
    umlauts   => 'Größe',
    snowman   => "\x{2603} snow",
    binary    => join( '', map { chr } 0 .. 255 ),
    long      => 'x' x 1000,
    lines     => "one\ntwo\ttabbed\0zero",
    undefined => undef,
    true      => !!1,
    false     => !!0,
    array     => [ 1, 'two', [3] ],
    hash      => { key => 'value', 'Schlüssel' => 'Wert' },
    code      => sub { return 'called' },
    pattern   => qr/^a+$/i,
    glob      => \*STDOUT,
    reference => \\'twice',
    object    => bless( { name => 'Anna' }, 'Person' ),
    version   => v5.36.0,
);
our $both = do { my $number = 7; my $text = "$number"; $number };

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
