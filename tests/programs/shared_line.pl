# Chains with two steps on one line, one of them with nothing on any other line, and with elements of arrays.
# expect: self-callback count=6 classes=Job,Task closures=shared_line.pl:35 handles=0
# expect: self-callback count=3 classes=Bell closures=shared_line.pl:43 handles=0
# expect: self-callback count=2 classes=Lamp closures=shared_line.pl:51 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Job {
    sub new {
        my ( $class, $name ) = @_;
        return bless { name => $name, ended => 0 }, $class;
    }
}

package Task {
    sub new { return bless {}, shift }
}

package Bell {
    sub new { return bless { rings => 0 }, shift }
}

package Lamp {
    sub new { return bless {}, shift }
}

sub start {
    my ($name) = @_;
    my $job  = Job->new($name);
    my $task = Task->new;
    $job->{tasks} = [$task];

    # The key and the captured variable are on one line.
    $task->{on_end} = sub { $job->{ended}++ };
    return;
}

sub hang {
    my $bell = Bell->new;
    $bell->{listeners} = [
        sub {
            $bell->{rings}++;
        },
    ];
    return;
}

sub light {
    my $lamp = Lamp->new;
    $lamp->{switch} = sub { $lamp->{on} = !$lamp->{on} };
    return;
}

start("job $_") for 1 .. 6;
hang() for 1 .. 3;
light() for 1 .. 2;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
