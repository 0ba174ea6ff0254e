# Children hold their parent; some folders are still in use.
# cure?: Weaken $document->{parent}
use strict;
use warnings;
use Devel::MAT::Dumper;

package Folder {
    sub new { return bless { name => $_[1] }, $_[0] }

    sub add {
        my ( $self, $document ) = @_;
        push @{ $self->{documents} }, $document;
        $document->{parent} = $self;
        return $self;
    }

    sub paths { my ($self) = @_; return map { $_->path } @{ $self->{documents} } }
}

package Document {
    sub new { return bless { title => $_[1] }, $_[0] }
    sub path { my ($self) = @_; return "$self->{parent}{name}/$self->{title}" }
}

my @open = map { Folder->new("open $_")->add( Document->new('a') )->add( Document->new('b') ) } 1 .. 2;
print join( ' ', Folder->new("closed $_")->add( Document->new('c') )->paths ), "\n" for 1 .. 5;
print join( ' ', map { $_->paths } @open ), "\n";

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
