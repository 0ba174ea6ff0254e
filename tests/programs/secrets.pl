# Likely secrets and plain values, in a leak and outside of one. They are read at run time, as a program reads its
# configuration, so the code has none of them.
# expect: self-callback count=3 classes=Session closures=secrets.pl:39 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

my %read;
while ( my $line = <DATA> ) {
    chomp $line;
    my ( $key, $value ) = split /\t+/, $line;
    $read{$key} = reverse $value;
}
our $PASSWORD = $read{password};
our %CONFIG   = (
    host         => $read{host},
    db_password  => $read{password},
    'API-Key'    => $read{key},
    backup_names => [ split / /, $read{names} ],
    passwords    => [ split / /, $read{passwords} ],
    dsn          => $read{dsn},
    mirror       => $read{url},
    pem          => $read{pem},
    login        => $read{token},
    claim        => $read{jwt},
    request      => "GET / HTTP/1.1\r\n$read{header}\r\n",
    pass_count   => $read{count},
    port         => 5432,
);
our %BALANCE = map { ( "$_\@example.org" => 1000 + length ) } split / /, $read{names};
our %TOKENS  = ( $read{token} => $read{host} );
%read = ();

package Session;

sub new {
    my ( $class, $name, $access_token ) = @_;
    my $self = bless { user => $name, by_name => {} }, $class;
    $self->{by_name}{"$name\@example.org"} = sub { return $self->{user} . $access_token };
    return $self;
}

package main;

Session->new( $_, "opaque-$_" ) for @{ $CONFIG{backup_names} };

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

__DATA__
host	gro.elpmaxe.bd
password	esrohtcerroc
key	elpats yrettab
names	lorac bob ecila
passwords	esroh-wen esroh-dlo
dsn	hsifdrows=drowssap;bd=tsoh;pohs:lqsym:ibd
url	/gro.elpmaxe.rorrim@2retnuh:pukcab//:sptth
pem	woEIIM-----YEK ETAVIRP ASR NIGEB-----
token	9876543210zyxwvutsrqponmlkjihgfedcba_phg
jwt	nl2c.9JSZjlGbhJiOiIWdzJye.9JiN1IzUIJiOicGbhJye
header	=U2cy9Ga6U2YpxWY cisaB :noitazirohtuA
count	sessap eerht
