# DBIx::Class on SQLite: related tables, prefetched rows, a row that caches what it belongs to, statements whose rows
# have not all been read, an inflated column; objects made and dropped a hundred times over.
# modules: DBIx::Class DBD::SQLite
# alive: DBIx::Class::ResultSet=5
# alive: DBI::st=5
# prints: 300 albums of 100 artists; 1105 rows made, 1100 destroyed
# prints: 5 first albums: a1 a1 a1 a1 a1; then 10 more
# prints: 1115 rows made, 1115 destroyed
use strict;
use warnings;
use Devel::MAT::Dumper;

our ( $made, $gone ) = ( 0, 0 );

package Music::Row {
    use base 'DBIx::Class::Core';
    sub inflate_result { my $class = shift; $main::made++; return $class->next::method(@_) }
    sub new            { my $class = shift; $main::made++; return $class->next::method(@_) }
    sub DESTROY        { $main::gone++ }
}

package Music::Result::Artist {
    use parent -norequire, 'Music::Row';
    __PACKAGE__->table('artist');
    __PACKAGE__->add_columns( id => { is_auto_increment => 1 }, 'name' );
    __PACKAGE__->set_primary_key('id');
    __PACKAGE__->has_many( albums => 'Music::Result::Album', 'artist' );
}

package Music::Result::Album {
    use parent -norequire, 'Music::Row';
    __PACKAGE__->load_components('InflateColumn');
    __PACKAGE__->table('album');
    __PACKAGE__->add_columns( id => { is_auto_increment => 1 }, 'artist', 'title' );
    __PACKAGE__->set_primary_key('id');
    __PACKAGE__->belongs_to( artist => 'Music::Result::Artist' );
    __PACKAGE__->inflate_column( title => { inflate => sub { [ $_[0] ] }, deflate => sub { $_[0][0] } } );
}

package Music {
    use base 'DBIx::Class::Schema';
    __PACKAGE__->register_class( Artist => 'Music::Result::Artist' );
    __PACKAGE__->register_class( Album  => 'Music::Result::Album' );
}

my $schema = Music->connect( 'dbi:SQLite:dbname=:memory:', '', '', { RaiseError => 1 } );
$schema->storage->dbh_do( sub { $_[1]->do($_) for @_[ 2, 3 ] },
    'create table artist ( id integer primary key, name text )',
    'create table album ( id integer primary key, artist integer, title text )' );
for my $n ( 1 .. 100 ) {
    my $artist = $schema->resultset('Artist')->create( { name => "artist $n" } );
    $artist->create_related( albums => { title => ["a$_"] } ) for 1 .. 3;
}
my $albums = 0;
my $all    = $schema->resultset('Artist')->search( {}, { prefetch => 'albums', order_by => 'me.id' } );
while ( my $artist = $all->next ) {
    for my $album ( $artist->albums ) { $albums++ if $album->artist->id == $artist->id }
}
undef $all;
my ( @open, @first );
for ( 1 .. 5 ) {
    my $open = $schema->resultset('Album')->search( { title => { '>=' => 'a1' } }, { rows => 3, order_by => 'id' } );
    push @first, $open->next;
    push @open, $open;
}
printf "%d albums of 100 artists; %d rows made, %d destroyed\n", $albums, $made, $gone;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

my $more = 0;
for my $open (@open) { $more++ while $open->next }
printf "%d first albums: %s; then %d more\n", scalar @first, join( ' ', map { $_->title->[0] } @first ), $more;
@open = @first = ();
print "$made rows made, $gone destroyed\n";
