# Objects that hold themselves.
# cure?: Weaken $self->{root}
use strict;
use warnings;
use Devel::MAT::Dumper;

package Node {
    sub new {
        my ( $class, $name ) = @_;
        my $self = bless { name => $name }, $class;
        $self->{root} = $self;
        return $self;
    }

    sub root_name { my ($self) = @_; return $self->{root}{name} }
}

print Node->new("node $_")->root_name, "\n" for 1 .. 4;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
