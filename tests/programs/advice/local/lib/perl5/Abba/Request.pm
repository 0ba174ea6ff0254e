package Abba::Request;
use strict;
use warnings;

sub new { my ( $class, %args ) = @_; return bless {%args}, $class }
sub context { my ($self) = @_; return $self->{_context} }

1;
