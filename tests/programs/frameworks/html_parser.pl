# HTML::Parser, which is written in C and holds its handlers: five parsers that have had a part of their text, with
# closures, methods and arrays for handlers; and a subclass.
# modules: HTML::Parser HTML::TokeParser
# alive: HTML::Parser=5
# alive: Links=5
# prints: 10 parsers have seen 20 tags, 0 destroyed
# prints: 10 parsers have seen 40 tags, 10 destroyed
use strict;
use warnings;
use HTML::Parser;
use HTML::TokeParser;
use Devel::MAT::Dumper;

my ( $tags, $destroyed ) = ( 0, 0 );

package Probe { sub new { bless [], shift } sub DESTROY { $destroyed++ } }

package Links {
    use base 'HTML::Parser';
    sub new   { my ($class) = @_; my $self = $class->SUPER::new; $self->{probe} = Probe->new; return $self }
    sub start { my ( $self, $tag ) = @_; $tags++; $self->{seen}{$tag}++; return }
}

sub parser {
    my $probe = Probe->new;
    my @texts;
    return HTML::Parser->new(
        api_version => 3,
        start_h     => [ sub { $tags++; push @$probe, @_ }, 'tagname, attr' ],
        text_h      => [ \@texts, 'dtext' ],
    );
}

my @parsers = map { ( parser(), Links->new ) } 1 .. 5;
$_->parse('<p>one <a href="x">two') for @parsers;
my $html   = '<p>one</p><p>two</p>';
my $tokens = HTML::TokeParser->new( \$html );
$tokens->get_tag('p');
printf "%d parsers have seen %d tags, %d destroyed\n", scalar @parsers, $tags, $destroyed;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

my $count = @parsers;
$_->parse('</a></p><p><b>three</b></p>'), $_->eof for @parsers;
@parsers = ();
printf "%d parsers have seen %d tags, %d destroyed\n", $count, $tags, $destroyed;
