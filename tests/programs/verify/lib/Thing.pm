package Thing;
use strict; use warnings;
our @held;
sub new { my ( $class, $n ) = @_; return bless { n => $n }, $class }
sub hook {
    my ($self) = @_;
    $self->{on_hook} = sub {
        return "thing $self->{n}";
    };
    return $self;
}
sub take { my ($self) = @_; return $self->{on_hook} }
1;
