# An object's callback captures the array that holds the object.
# expect: container-capture count=6 classes=Line closures=container_capture.pl:17 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Line {
    sub new { my ( $class, %args ) = @_; return bless {%args}, $class }
}

sub open_line {
    my ($number) = @_;
    my $lines = [];
    my $line  = Line->new(
        number    => $number,
        on_hangup => sub {
            @$lines = grep { $_->{number} != $number } @$lines;
        },
    );
    push @$lines, $line;
}

open_line($_) for 1 .. 6;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
