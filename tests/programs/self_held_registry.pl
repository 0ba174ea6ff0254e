# Sessions that keep themselves alive until they are closed: each holds its own callback, and a package hash refers to
# them weakly. Closing a session breaks its cycle, so none of them has leaked.
#
# expect: self-held count=4 classes=Session closures=self_held_registry.pl:18 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;
use Scalar::Util 'weaken';

package Session;

our %BY_ID;

sub open {
    my ( $class, $id ) = @_;
    my $self = bless { id => $id }, $class;
    $self->{on_close} = sub {
        delete $self->{on_close};
    };
    Scalar::Util::weaken( $BY_ID{$id} = $self );
    return;
}

sub close { my ($self) = @_; return $self->{on_close}->() }

package main;

Session->open($_) for 1 .. 4;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
$_->close for values %Session::BY_ID;
die "sessions are left" if grep { defined } values %Session::BY_ID;
