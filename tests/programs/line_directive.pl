# Leaking closures whose place is set by a #line directive.
# expect: self-callback count=3 classes=Page closures=views/page.tt:102 handles=0
use strict;
use warnings;
use Devel::MAT::Dumper;

sub render {
    my $page = bless { title => shift }, 'Page';
# line 101 "views/page.tt"
    $page->{header} = sub {
        return "<h1>$page->{title}</h1>";
    };
# line 14 "line_directive.pl"
    return $page->{header}->();
}

render("page $_") for 1 .. 3;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
