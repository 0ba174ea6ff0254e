package Relay;
use strict;
use warnings;

sub new {
    my ( $class, %args ) = @_;
    my $self = bless { log => [], %args }, $class;
    $self->{forward} = $self->make_forwarder;
    return $self;
}

sub make_forwarder {
    my ($self) = @_;
    my $prefix = $self->{prefix};

    return sub {
        my ($message) = @_;
        push @{ $self->{log} }, "$prefix: $message";
    };
}

1;
