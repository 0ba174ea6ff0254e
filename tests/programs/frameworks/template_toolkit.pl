# Template Toolkit: includes, wrappers, macros, filters made at run time, views and virtual methods over objects; the
# dump is made from inside of a template that is being processed.
# modules: Template
# alive: Template::Context=1
# alive: Item=3
# prints: 100 pages, 300 items made, 300 destroyed
# prints: page with items a, b, c; 303 items made, 303 destroyed
use strict;
use warnings;
use Template;
use Devel::MAT::Dumper;

package Item {
    our ( $made, $gone ) = ( 0, 0 );
    sub new     { my ( $class, $name ) = @_; $made++; return bless { name => $name }, $class }
    sub name    { $_[0]{name} }
    sub present { my ( $self, $view ) = @_; return $view->item($self) }
    sub DESTROY { $gone++ }
}

my $text = <<'END';
[%- BLOCK row %][% item.name %][% END -%]
[%- MACRO shown(item) BLOCK %][% INCLUDE row item = item %][% END -%]
[%- VIEW list prefix = 'list_' %][% BLOCK item %][% item.name %][% END %][% END -%]
[%- FILTER wrapped('page with ') -%]
items [% FOREACH item IN items %][% shown(item) | html %][% ', ' UNLESS loop.last %][% END %][% END -%]
[%- later() -%]
END

my $template = Template->new( {
    COMPILE_EXT => undef,
    FILTERS     => {
        wrapped => [
            sub { my ( $context, $word ) = @_; return sub { return $word . $_[0] . ( $context ? '' : 'no context' ) } },
            1,
        ],
    },
} ) or die Template->error;

sub page {
    my ($later) = @_;
    my $self = { items => [ map { Item->new($_) } qw( a b c ) ], later => $later };
    $template->process( \$text, $self, \my $page ) or die $template->error;
    return $page;
}

my $pages = 0;
for ( 1 .. 100 ) { $pages++ if page( sub { '' } ) eq "page with items a, b, c" }
print "$pages pages, $Item::made items made, $Item::gone destroyed\n";
my $page = page( sub { Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} ); '' } );
print "$page; $Item::made items made, $Item::gone destroyed\n";
