# Writes the heap dump of a program whose heap has an odd shape: perl odd_heaps.pl NAME SIZE FILE
#
# In each of them something leaks, so that there are findings on lines of this file. Prints the address of the SV about
# which there is most to tell. The sizes that are measured are in odd_heaps.py.
use strict;
use warnings;
use Devel::MAT::Dumper;
use POSIX ();
use Scalar::Util qw( refaddr );

use constant SVS_A_NODE => 3;

package Odd::Node { sub new { my ( $class, @parts ) = @_; return bless [@parts], $class } }
package Odd::Link { sub new { my ( $class, %fields ) = @_; return bless {%fields}, $class } }

package main;

my %HEAPS = (
    scc       => \&one_component,
    ring      => \&ring,
    list      => \&list,
    hash      => \&large_hash,
    shapes    => \&many_shapes,
    islands   => \&many_islands,
    closures  => \&closures_on_one_line,
    capturing => \&ring_of_closures,
    star      => \&star,
    diamonds  => \&chain_of_diamonds,
    rings     => \&many_rings,
);

# One strongly connected component of about $svs SVs: a ring of nodes, each of which refers to a random one as well.
sub one_component {
    my ($svs) = @_;
    srand 1;
    my @nodes = map { Odd::Node->new } 1 .. $svs / SVS_A_NODE;
    push @{ $nodes[$_] }, $nodes[ $_ - 1 ], $nodes[ rand @nodes ] for 0 .. $#nodes;
    return $nodes[ @nodes / 2 ];
}

# A ring of $links objects.
sub ring {
    my ($links) = @_;
    my $last = my $first = Odd::Link->new;
    $last = Odd::Link->new( next => $last ) for 2 .. $links;
    $first->{next} = $last;
    return $first;
}

# A list of $links arrays, held by an object that refers to itself.
sub list {
    my ($links) = @_;
    my $end = my $list = [];
    $list = [$list] for 2 .. $links;
    my $holder = Odd::Link->new( list => $list );
    $holder->{self} = $holder;
    return $end;
}

# A hash of $keys keys, one of whose values refers to the hash.
sub large_hash {
    my ($keys) = @_;
    my $hash = Odd::Link->new( map { ; "key $_" => $_ } 1 .. $keys );
    $hash->{self} = $hash;
    return \$hash->{"key $keys"};
}

# $classes objects of as many classes, each of which refers to itself.
sub many_shapes {
    my ($classes) = @_;
    my $object;
    for my $number ( 1 .. $classes ) {
        no strict 'refs';
        *{"Odd::Shape${number}::new"} = sub { return bless { number => $number }, shift };
        $object = "Odd::Shape$number"->new;
        $object->{self} = $object;
    }
    return $object;
}

# $islands objects, each of which refers to itself.
sub many_islands {
    my ($islands) = @_;
    my $island;
    for ( 1 .. $islands ) {
        $island = Odd::Node->new;
        push @$island, $island;
    }
    return $island;
}

# $closures subs, each of which captures the variable that holds it.
sub closures_on_one_line {
    my ($closures) = @_;
    my $last;
    for ( 1 .. $closures ) {
        my $closure; $closure = sub { return $closure };
        $last = $closure;
    }
    return $last;
}

# A hub that refers to $rays nodes, each of which refers to the hub.
sub star {
    my ($rays) = @_;
    my $hub = Odd::Node->new;
    push @$hub, Odd::Node->new($hub) for 1 .. $rays;
    return $hub->[-1];
}

# $rings rings of 300 objects, in each of which one is of a class of its own.
sub many_rings {
    my ($rings) = @_;
    my $first;
    for my $ring ( 1 .. $rings ) {
        my $last = $first = bless {}, "Odd::Ring$ring";
        $last = Odd::Link->new( round => $last ) for 2 .. 300;
        $first->{round} = $last;
    }
    return $first;
}

# A ring of $closures subs, each of which captures the variable that holds the next one.
sub ring_of_closures {
    my ($closures) = @_;
    my $next = \my $first;
    for ( 1 .. $closures ) {
        my $held = $next;
        $next = \sub { return $held };
    }
    $first = $next;
    return $$next;
}

# $diamonds pairs of arrays that share what they refer to, the next pair; held by an object that refers to itself.
sub chain_of_diamonds {
    my ($diamonds) = @_;
    my $end = my $chain = [];
    $chain = [ [$chain], [$chain] ] for 1 .. $diamonds;
    my $owner = Odd::Link->new( chain => $chain );
    $owner->{self} = $owner;
    return $end;
}

my ( $name, $size, $file ) = @ARGV;
die "usage: $0 NAME SIZE FILE, where NAME is one of @{[ sort keys %HEAPS ]}\n"
    unless $file and $size > 0 and $HEAPS{$name};
my $address = refaddr $HEAPS{$name}->($size);
Devel::MAT::Dumper::dump($file);
printf "0x%x\n", $address;
STDOUT->flush;

# To free a long list perl would call itself for each of its links.
POSIX::_exit(0);
