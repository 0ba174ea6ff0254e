# A closure captures nothing, but its string eval makes it keep the sub around it, which captures the object.
# expect: outside-scope count=3 classes=Oven closures=outside_scope.pl:13,outside_scope.pl:14 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

package Oven {
    sub new { return bless { degrees => $_[1] }, $_[0] }

    sub set_alarm {
        my ($self) = @_;
        my $install = sub {
            my $name = ref $self;
            $self->{on_alarm} = sub { return eval 'time' };
        };
        $install->();
    }
}

Oven->new($_)->set_alarm for 180, 200, 220;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
