# Classes with odd names: made at run time, main itself, not ASCII.
# expect: self-ref count=2 classes=Model::__ANON__::1 closures=- handles=0
# expect: self-ref count=1 classes=main closures=- handles=0
# expect: self-ref count=1 classes=Größe closures=- handles=0
use strict;
use warnings;
use utf8;
use Devel::MAT::Dumper;

for my $class ( ('Model::__ANON__::1') x 2, 'main', 'Größe' ) {
    my $self = bless {}, $class;
    $self->{self} = $self;
}

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
