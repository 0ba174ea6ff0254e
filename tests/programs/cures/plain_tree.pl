# Plain hashes without a class, and no closure: each child knows its parent. One sub names all keys of the cycle.
# cure?: Weaken $node->{parent}
use strict;
use warnings;
use Devel::MAT::Dumper;

sub add_node {
    my ( $title, $parent ) = @_;
    my $node = { title => $title, parent => $parent, children => [] };
    push @{ $parent->{children} }, $node if $parent;
    return $node;
}

sub depth { my ($node) = @_; my $depth = 0; $depth++ while $node = $node->{parent}; return $depth }

for my $number ( 1 .. 4 ) {
    my $top  = add_node("book $number");
    my $leaf = add_node( 'chapter', $top );
    print "$leaf->{title} of $leaf->{parent}{title} at ", depth($leaf), "\n";
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
