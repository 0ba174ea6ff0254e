use strict; use warnings; use Devel::MAT::Dumper; use DBI;
my ($made,$gone)=(0,0);
{ package Store; sub new { my $c=shift; $made++; my $s=bless{},$c; $s->{dbh}=DBI->connect('dbi:SQLite:dbname=:memory:','','',{RaiseError=>1,HandleError=>sub { $s->failed(@_) }}); $s->{dbh}->do('create table t (a)'); $s } sub failed { 0 } sub DESTROY { $gone++ } }
for (1..10) { my $s=Store->new; $s->{dbh}->do('insert into t values (?)',undef,$_) }
print "made $made destroyed $gone\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
