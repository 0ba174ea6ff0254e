# Leaked objects that hold open files.
# expect: self-callback count=4 classes=Reader closures=file_handles.pl:12 handles=4
use strict;
use warnings;
use Devel::MAT::Dumper;

package Reader {
    sub new {
        my ( $class, $file ) = @_;
        open my $handle, '<', $file or die "cannot read $file: $!\n";
        my $self = bless { handle => $handle }, $class;
        $self->{next_line} = sub { return scalar readline $self->{handle} };
        return $self;
    }
}

Reader->new(__FILE__)->{next_line}->() for 1 .. 4;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
