# Containers that are reached in many ways, by keys that are addresses, by variables of many subs, of one and of none.
use strict;
use warnings;
use Devel::MAT::Dumper;
use Shop::Cache;
use Shop::Hub;
use Symbol qw( gensym );

no strict 'refs';

my $count = shift // 10;

our ( %PACKAGE, @LIST );
*{$_} = \%PACKAGE for qw( Another::NAME Third::NAME );
my ( %own, %shared, %handles, @closures, @hubs );
my $ways = { first => \%shared, second => \%shared, third => { inner => \%shared } };

sub remember { my ($key) = @_; $shared{$key} = 1; return }
sub forget   { my ($key) = @_; return delete $shared{$key} }

for my $number ( 1 .. $count ) {
    my $hub = Shop::Hub->new("hub $number");
    push @hubs, $hub;
    my @rest = ( 1 .. 7 );
    my $both = { list => [ 1 .. 3 ] };
    push @closures, sub { return scalar @rest }, sub { push @rest, $both };
    push @closures, sub { return $both };
    $hub->on($_) for @closures[ -3 .. -1 ];
    push @closures, Shop::Cache::note($number);
    Shop::Cache::put( $number, { id => $number } );
    Shop::Cache::count($number);
    remember($number);
    $own{$number} = $PACKAGE{$number} = [ 1 .. 2 ];
    open my $handle, '<', '/dev/null' or die "/dev/null: $!";
    $handles{$handle} = { handle => $handle, buffer => [ 1 .. 3 ] };
    $handles{ fileno $handle } = [ 1 .. 9 ];
    my $nameless = gensym;
    *$nameless = [ 1 .. 5 ];
    push @LIST, { glob => $nameless };
}

my @evaluated = map { eval 'my @made = ( 1 .. 8 ); sub { return $made[ $_[0] ] }' } 1 .. $count;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
