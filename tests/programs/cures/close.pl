# A callback captures the array that holds the object, and tells the others: it is needed until the object is closed.
# cure?: Delete $self->{on_close} when it is called
use strict;
use warnings;
use Devel::MAT::Dumper;

package Member {
    sub new { my ( $class, %args ) = @_; return bless {%args}, $class }
    sub hear { my ( $self, $news ) = @_; print "$self->{name} hears: $news\n" }

    sub close {
        my ($self) = @_;
        $self->{closed} = 1;
        return $self->{on_close}->($self) unless $self->{silent};
        return;
    }
}

sub meet {
    my (@names) = @_;
    my $members = [];
    for my $name (@names) {
        push @$members, Member->new(
            name     => $name,
            on_close => sub {
                my ($gone) = @_;
                $_->hear("$gone->{name} left") for grep { !$_->{closed} } @$members;
            },
        );
    }
    $_->close for @$members;
}

meet( 'Ada', 'Grace' );
meet( 'Joan', 'Radia', 'Barbara' );

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
