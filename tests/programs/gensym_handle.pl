# A handle whose glob has left the symbol table, in the hash of an object that its own callback captures.
# expect: self-callback count=3 classes=Journal closures=gensym_handle.pl:15 handles=3
use strict;
use warnings;
use Devel::MAT::Dumper;
use IO::File;

package Journal {
    sub new {
        my ( $class, $file ) = @_;
        # The glob is made as *Symbol::GEN0, and taken out of that package at once.
        my $handle = IO::File->new( $file, '<' ) or die "cannot read $file: $!\n";
        my $self = bless { handle => $handle }, $class;
        $self->{next_line} = sub {
            return $self->{handle}->getline;
        };
        return $self;
    }
}

Journal->new(__FILE__)->{next_line}->() for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
