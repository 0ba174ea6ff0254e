use strict; use warnings;
use Devel::MAT::Dumper; use Scalar::Util 'weaken';
package Session {
    our %BY_ID; my ( $m, $d ) = ( 0, 0 );
    sub new { my ( $class, $id ) = @_; $m++; my $self = bless { id => $id }, $class;
        $self->{on_close} = sub { delete $self->{on_close} };     # lives until close() is called
        Scalar::Util::weaken( $BY_ID{$id} = $self ); return }
    sub close { my ($self) = @_; $self->{on_close}->() }
    sub DESTROY { $d++; delete $BY_ID{ $_[0]{id} } }
    sub stat { "made $m destroyed $d" }
}
Session->new($_) for 1 .. 20;
print Session->stat, "\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
$Session::BY_ID{$_}->close for 1 .. 20;
print "after close: ", Session->stat, "\n";
