# Moose in full: roles with parameters of their own, lazy attributes and triggers, native traits, delegation, method
# modifiers, weak parents, coercions, an anonymous class, one class made immutable and one not.
# modules: Moose Moose::Util
# alive: Order=10
# prints: 1010 orders and 3030 lines made, 1000 and 3000 destroyed; total 10100, 1010 audits
# prints: 1010 orders and 3030 lines made, 1010 and 3030 destroyed; total 10100, 1010 audits
use strict;
use warnings;
use Devel::MAT::Dumper;

our ( $audits, %made, %gone ) = (0);

package Countable {
    use Moose::Role;
    requires 'total';
    sub BUILD    { }
    sub DEMOLISH { }
    after BUILD => sub { $main::made{ ref $_[0] =~ /^Moose::Meta/ ? ref( $_[0] ) : $_[0]->kind }++ };
    before DEMOLISH => sub { $main::gone{ $_[0]->kind }++ };
}

package Audited {
    use Moose::Role;
    has log => (
        is      => 'ro',
        isa     => 'ArrayRef[Str]',
        traits  => ['Array'],
        default => sub { [] },
        handles => { note => 'push', notes => 'elements', count_notes => 'count', without => 'grep' },
    );
    around total => sub {
        my ( $next, $self, @args ) = @_;
        my $total = $self->$next(@args);
        $self->note("total $total");
        $main::audits++;
        return $total;
    };
}

package Line {
    use Moose;
    use Moose::Util::TypeConstraints;
    subtype 'Price', as 'Num', where { $_ >= 0 };
    coerce 'Price', from 'Str', via { s/[^\d.]//gr };
    has order => ( is => 'ro', weak_ref => 1 );
    has price => ( is => 'rw', isa => 'Price', coerce => 1, trigger => sub { $_[0]->clear_taxed } );
    has taxed => ( is => 'ro', lazy => 1, builder => '_build_taxed', clearer => 'clear_taxed' );
    sub _build_taxed { my ($self) = @_; return $self->price * 1 }
    sub kind         { 'line' }
    sub total        { $_[0]->taxed }
    with 'Countable';
    __PACKAGE__->meta->make_immutable;
}

package Order {
    use Moose;
    has lines => (
        is      => 'ro',
        traits  => ['Array'],
        lazy    => 1,
        default => sub { [] },
        handles => { add => 'push', all_lines => 'elements', first_line => [ get => 0 ] },
    );
    has by_price => (
        is      => 'ro',
        traits  => ['Hash'],
        lazy    => 1,
        builder => '_build_by_price',
        handles => { prices => 'keys', has_price => 'exists' },
    );
    has sum => ( is => 'rw', traits => ['Counter'], default => 0, handles => { add_to_sum => 'inc' } );
    has on_total => (
        is      => 'ro',
        traits  => ['Code'],
        default => sub { sub { $_[0] } },
        handles => { told => 'execute' },
    );
    sub _build_by_price { my ($self) = @_; return { map { $_->price => $_ } $self->all_lines } }
    sub kind            { 'order' }

    sub total {
        my ($self) = @_;
        my $sum = 0;
        $sum += $_->total for $self->all_lines;
        return $self->told($sum);
    }
    with qw( Countable Audited );
}

package UrgentOrder {
    use Moose;
    extends 'Order';
    override total => sub { super() };
    augment sub_total => sub { inner() } if 0;
    __PACKAGE__->meta->make_immutable;
}

my $anonymous = Moose::Meta::Class->create_anon_class( superclasses => ['Order'], cache => 1 );
my @classes   = ( 'Order', 'UrgentOrder', $anonymous->name );
my $total     = 0;

sub order {
    my ($class) = @_;
    my $order = $class->new;
    $order->add( map { Line->new( order => $order, price => $_ ) } '$5', 3, 2 );
    $order->prices;
    $total += $order->total;
    return $order;
}

sub told {
    printf "%d orders and %d lines made, %d and %d destroyed; total %d, %d audits\n",
        @made{qw( order line )}, @gone{qw( order line )}, $total, $audits;
}

order( $classes[ $_ % 3 ] ) for 1 .. 1000;
my @kept = map { order('Order') } 1 .. 10;
told();
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
@kept = ();
told();
