# Objects that own a parser written in C, which holds a handler that captures the object: the way round leads through
# the C structure of HTML::Parser, which no dump shows. 20 Stripper objects, one count missing of what holds each
# handler. A 21st is still in use. Needs HTML::Parser.
# expect: none
use strict;
use warnings;
use HTML::Parser;
use Devel::MAT::Dumper;

package Stripper;

sub new {
    my ($class) = @_;
    my $self = bless { text => '' }, $class;
    $self->{parser} = HTML::Parser->new(
        api_version => 3,
        text_h      => [ sub { $self->{text} .= $_[0] }, 'dtext' ],
    );
    return $self;
}

sub strip {
    my ( $self, $html ) = @_;
    $self->{parser}->parse($html)->eof;
    return $self->{text};
}

package main;

Stripper->new->strip('<b>one</b>') for 1 .. 20;
our $kept = Stripper->new;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
