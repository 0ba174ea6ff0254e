# Writes the heap dump of a made-up service: perl generate.pl SVS FILE
#
# About SVS SVs: users of several classes with hashes, arrays, strings and closures, held by a registry, and a few
# thousand connections that leaked through a callback that captures them. Prints the address of one user.
use strict;
use warnings;
use Devel::MAT::Dumper;
use Scalar::Util qw( refaddr weaken );

my ( $svs, $file ) = @ARGV;
die "usage: $0 SVS FILE\n" unless $svs and $file;

use constant {
    SVS_OF_PERL  => 11_000,
    SVS_A_USER   => 56,
    SVS_A_LEAK   => 9,
    MOST_LEAKS   => 1_000_000,
    PARTS_LEAKED => 10,
};

package Bench::User { sub new { my ( $class, %fields ) = @_; return bless {%fields}, $class } }
package Bench::Admin { our @ISA = 'Bench::User'; }
package Bench::Session { sub new { my ( $class, @parts ) = @_; return bless [@parts], $class } }
package Bench::Connection { sub new { my ( $class, $id ) = @_; return bless { id => $id, buffer => 'x' x 40 }, $class } }

package main;

our ( @USERS, %BY_NAME, @HANDLERS );

sub add_user {
    my ($id) = @_;
    my $class = $id % 10 ? 'Bench::User' : 'Bench::Admin';
    my $user = $class->new(
        id      => $id,
        name    => "user number $id",
        tags    => [ map { "tag $_" } 1 .. 6 ],
        scores  => [ map { $_ * $id } 1 .. 16 ],
        ratio   => $id / 7,
        profile => { map { ; "field $_" => "value $_ of $id" } 1 .. 10 },
    );
    $user->{session} = Bench::Session->new( $id, "token $id", $user );
    weaken $user->{session}[2];
    my $weak = $user;
    weaken $weak;
    push @HANDLERS, sub { return $weak && $weak->{name} };
    push @USERS, $user;
    $BY_NAME{ $user->{name} } = $user;
    return $user;
}

sub leak_connection {
    my ($id) = @_;
    my $connection = Bench::Connection->new($id);
    $connection->{on_close} = sub { delete $connection->{buffer} };
    return;
}

my $leaks = $svs / PARTS_LEAKED / SVS_A_LEAK;
$leaks = MOST_LEAKS if $leaks > MOST_LEAKS;
leak_connection($_) for 1 .. $leaks;

my $users = ( $svs - SVS_OF_PERL - $leaks * SVS_A_LEAK ) / SVS_A_USER;
add_user($_) for 1 .. $users;

Devel::MAT::Dumper::dump($file);
printf "0x%x\n", refaddr $USERS[ @USERS / 2 ];
