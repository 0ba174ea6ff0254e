# Children hold their parent weakly.
# expect: none
use strict;
use warnings;
use Devel::MAT::Dumper;
use Scalar::Util;

package Folder {
    sub new { return bless { name => $_[1] }, $_[0] }

    sub add {
        my ( $self, $document ) = @_;
        $self->{document} = $document;
        Scalar::Util::weaken( $document->{parent} = $self );
    }
}

package Document {
    sub new { return bless { title => $_[1] }, $_[0] }
}

Folder->new("folder $_")->add( Document->new("document $_") ) for 1 .. 10;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
