# Orders that leak, each with a customer that only the leaked order keeps alive. A package hash refers to the customers
# weakly, so live code can still reach them; the orders themselves it cannot.
#
# expect: self-callback count=3 classes=Order closures=leak_with_part_in_use.pl:20 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;
use Scalar::Util 'weaken';

our %CUSTOMER;

package Order;

sub new {
    my ( $class, $number ) = @_;
    my $customer = bless { name => "customer $number" }, 'Customer';
    Scalar::Util::weaken( $main::CUSTOMER{$number} = $customer );
    my $self = bless { customer => $customer }, $class;
    $self->{on_paid} = sub {
        return $self->{customer};
    };
    return $self;
}

package main;

Order->new($_) for 1 .. 3;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
