# The array that a callback captures is emptied when its object is done.
# expect: none
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
    $line->{on_hangup}->();
}

open_line($_) for 1 .. 6;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
