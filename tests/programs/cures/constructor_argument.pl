# A garage hands itself to the mechanic that it makes: the argument of the constructor is what leads back.
# cure?: Weaken $self->{mechanic}{boss}
use strict;
use warnings;
use Devel::MAT::Dumper;

package Mechanic {
    sub new { my ( $class, %args ) = @_; return bless {%args}, $class }
    sub where { my ($self) = @_; return $self->{boss}{name} }
}

package Garage {
    sub new {
        my ( $class, $name ) = @_;
        my $self = bless { name => $name }, $class;
        $self->{mechanic} = Mechanic->new( boss => $self, tool => 'wrench' );
        return $self;
    }
}

for my $number ( 1 .. 4 ) {
    my $garage = Garage->new("garage $number");
    print $garage->{mechanic}->where, "\n";
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
