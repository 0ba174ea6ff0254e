package Shop::Cache;
use strict;
use warnings;
use feature 'state';

my %cache;    # many subs share it
my @order;

sub put    { my ( $key, $value ) = @_; $cache{$key} = $value; push @order, $key; return }
sub get    { my ($key) = @_; return $cache{$key} }
sub forget { my ($key) = @_; @order = grep { $_ ne $key } @order; return delete $cache{$key} }

sub count {
    my ($key) = @_;
    state %seen;
    return $seen{$key}++;
}

{
    my @log;    # one sub has it, and closures in that sub

    sub note {
        my ($text) = @_;
        push @log, $text;
        return sub { return $log[-1] };
    }
}

1;
