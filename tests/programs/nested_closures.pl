# A closure in a closure in a closure leaks; the two around it are freed.
# expect: self-callback count=3 classes=Stack closures=nested_closures.pl:15 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

sub build {
    my ($name) = @_;
    my $outer = sub {
        my $stack  = bless { name => $name }, 'Stack';
        my $middle = sub {
            my ($depth) = @_;
            $stack->{pop} = sub {
                # the innermost
                return $stack->{name} . $depth;
            };
        };
        return $middle->(3)->();
    };
    return $outer->();
}

build("stack $_") for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
