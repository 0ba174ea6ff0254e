# Hashes without a class, made by one sub; another names one of their keys.
# title: 6 hashes can never be freed
# mark: 12 above
# certainty: certain
# help: weaken\( \$node->\{above\} \)
use strict;
use warnings;
use Devel::MAT::Dumper;

sub node {
    my ( $name, $above ) = @_;
    my $node = { name => $name, above => $above, below => [] };
    push @{ $above->{below} }, $node if $above;
    return $node;
}
sub label { my ($node) = @_; return { above => $node->{name} } }

for ( 1 .. 6 ) { my $top = node("top $_"); node( "leaf $_", $top ) for 1 .. 3; label($top) }

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
