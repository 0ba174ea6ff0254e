# An object's callback captures the array that holds the object, and takes it out of it.
# cure: Capture a weakened copy of $lines
use strict;
use warnings;
use Devel::MAT::Dumper;

package Line {
    sub new {
        my ( $class, %args ) = @_;
        my $on_hangup = $args{on_hangup} // sub { };
        return bless {
            number    => $args{number},
            on_hangup => sub {
                my ($line) = @_;
                print "line $line->{number} hangs up\n";
                $on_hangup->($line);
            },
        }, $class;
    }

    sub hang_up { my ($self) = @_; $self->{on_hangup}->($self) }
}

sub open_lines {
    my (@numbers) = @_;
    my $lines = [];
    for my $number (@numbers) {
        push @$lines, Line->new(
            number    => $number,
            on_hangup => sub {
                my ($line) = @_;
                @$lines = grep { $_ != $line } @$lines;
            },
        );
    }
    $lines->[1]->hang_up;
    print scalar(@$lines), " lines are open\n";
}

open_lines( 10 * $_ .. 10 * $_ + 3 ) for 1 .. 4;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
