# The callback goes where the text cannot be followed, but the objects that live are all held by something else.
# cure?: Capture a weakened copy of $self
use strict;
use warnings;
use Devel::MAT::Dumper;

package Loop {
    our %WATCHED;
    sub watch   { my ( $id, $callback ) = @_; $WATCHED{$id} = $callback }
    sub unwatch { my ($id) = @_; delete $WATCHED{$id} }
    sub run { print $WATCHED{$_}->(), "\n" for sort keys %WATCHED }
}

package Reader {
    sub new {
        my ( $class, $id ) = @_;
        my $self = bless { id => $id, seen => 0 }, $class;
        $self->{on_read} = sub { return "reader $self->{id} has read " . ++$self->{seen} };
        Loop::watch( $id, $self->{on_read} );
        return $self;
    }

    sub stop { my ($self) = @_; Loop::unwatch( $self->{id} ) }
}

my @kept = map { Reader->new($_) } 1 .. 3;
Reader->new($_)->stop for 4 .. 8;
Loop::run();

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
