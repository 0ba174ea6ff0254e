# Leaks whose islands differ from each other, and from run to run, in keys that are data or addresses.
use strict;
use warnings;
use Devel::MAT::Dumper;

my $count = shift // 6;

package Hub {
    sub new { my ($class) = @_; return bless { kids => {}, subs => {} }, $class }

    sub add {
        my ( $self, $name ) = @_;
        my $kid = bless { parent => $self }, 'Node';
        $self->{kids}{$name} = $kid;
        $self->{subs}{$kid} = sub { return $self->{kids}{$name} };
        $kid->{me}{ 0 + $kid } = $kid;
        return;
    }
}

package main;

for my $number ( 1 .. $count ) {
    my $hub = Hub->new;
    $hub->add("$_ $number") for qw( alice bob carol dave );

    # Rings as long as there are of them.
    my @ring = map { bless {}, 'Bead' } 1 .. $count;
    $ring[$_]{next} = $ring[ ( $_ + 1 ) % @ring ] for 0 .. $#ring;

    # Plain hashes that hold each other by keys that are addresses.
    my ( $one, $other ) = ( {}, {} );
    $one->{$other} = $other;
    $other->{ 0 + $one } = $other->{ \*STDOUT } = $one;

    # Closures that hold each other, and a variable of both.
    my @probe = ( 1 .. 5 );
    my ( $ping, $pong );
    $ping = sub { push @probe, 1; $pong->() };
    $pong = sub { push @probe, 2; $ping->() };

    # Two ways of equal length back to the object.
    my $object = bless {}, 'Pair';
    my ( $x, $y ) = map { { object => $object } } 1 .. 2;
    @$object{qw( x y list )} = ( $x, $y, [ $x, $y ] );
    @$object{qw( on_x on_y )} = ( sub { return $x->{object} }, sub { return $y->{object} } );
}

# Objects of one class whose keys are in perl's hash order.
my %names = map { $_ => 1 } 'a' .. 'h';
for my $name ( keys %names ) {
    my $wide = bless { map { ( "field $_" => 1 ) } 1 .. 40 }, 'Wide';
    $wide->{"$name itself"} = $wide;
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
