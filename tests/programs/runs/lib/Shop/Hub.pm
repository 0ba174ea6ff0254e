package Shop::Hub;
use strict;
use warnings;
use Scalar::Util qw( refaddr );

my ( %by_object, %by_address, $by_name );

sub new {
    my ( $class, $name ) = @_;
    my $self = bless { name => $name, subs => {}, handles => {} }, $class;
    $by_object{$self} = { parts => [ 1 .. 2 ] };
    $by_address{ refaddr $self } = { rows => [ 1 .. 4 ] };
    $by_name->{$name} = $self;
    return $self;
}

sub on {
    my ( $self, $code ) = @_;
    $self->{subs}{$code} = [ 1 .. 5 ];
    $self->{subs}{ 0 + $code } = [ 1 .. 6 ];
    $self->{handles}{ \*STDOUT } = [ 1 .. 3 ];
    return;
}

sub all { return ( \%by_object, \%by_address, $by_name ) }

1;
