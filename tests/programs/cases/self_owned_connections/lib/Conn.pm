package Conn;    # its loop is written in Perl and holds its watchers weakly
use strict; use warnings;
use Scalar::Util 'weaken';
our ( $made, $gone, $lines, %WATCH ) = ( 0, 0, 0 );

sub new {
    my ( $class, %args ) = @_;
    my $self = bless {%args}, $class;
    $made++;
    weaken( my $weak = $self );
    $self->{io} = [ fileno $self->{fh}, sub { $weak->readable if $weak } ];
    weaken( $WATCH{ $self->{io}[0] } = $self->{io} );
    return $self;
}
sub on_eof { my ( $self, $cb ) = @_; $self->{on_eof} = $cb; return }
sub readable {
    my ($self) = @_;
    my $n = sysread $self->{fh}, my $buf, 99;
    if ($n) { $lines++; syswrite $self->{fh}, "you said $buf"; return }
    $self->{on_eof}->() if defined $n;
    return;
}
sub close { my ($self) = @_; delete $self->{on_eof}; delete $self->{io}; close $self->{fh}; return }
sub tick { for ( sort keys %WATCH ) { my $w = $WATCH{$_} or next; vec( my $r = '', $w->[0], 1 ) = 1; $w->[1]->() if select $r, undef, undef, 0 } }
sub DESTROY { $gone++ }
1;
