# An object made of a glob, an open handle with a callback in its hash.
# expect: self-callback count=3 classes=Tap closures=glob_object.pl:13 handles=3
use strict;
use warnings;
use Devel::MAT::Dumper;

package Tap {
    sub new {
        my ( $class, $file ) = @_;
        open my $handle, '<', $file or die "cannot read $file: $!\n";
        my $self = bless $handle, $class;
        *$self->{on_line} = sub {
            return readline $self;
        };
        return $self;
    }
}

Tap->new(__FILE__)->$_ for ( sub { *{ $_[0] }->{on_line}->() } ) x 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
