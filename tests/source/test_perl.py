"""What is read out of a Perl text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.perl import PerlSource


def text_of(source: PerlSource, where: Range | None) -> str:
    assert where is not None
    assert where.start.line == where.end.line
    return source.text.split("\n")[where.start.line - 1][where.start.column : where.end.column]


def uses_of(body: str, name: str) -> list[str]:
    source = PerlSource(f"my $f = sub {{ {body} }};\n")
    return [text_of(source, where) for where in source.subs[0].uses.get(name, ())]


@pytest.mark.parametrize(
    ("body", "name", "written"),
    [
        ("$conns", "$conns", "$conns"),
        ("@$conns", "$conns", "$conns"),
        ("$$conns[0]", "$conns", "$conns"),
        ("$conns->[0]", "$conns", "$conns"),
        ("${$conns}", "$conns", "$conns"),
        ("@{$conns}", "$conns", "$conns"),
        ("$#{$conns}", "$conns", "$conns"),
        ("$conns->@*", "$conns", "$conns"),
        ("$x[0]", "@x", "$x"),
        ("@x[1, 2]", "@x", "@x"),
        ("$#x", "@x", "$#x"),
        ("$h{k}", "%h", "$h"),
        ("@h{qw(a b)}", "%h", "@h"),
        ("%h{'a'}", "%h", "%h"),
        ('"a $conns->[0] b"', "$conns", "$conns"),
        ('"a @{$conns} b"', "$conns", "$conns"),
        ('"$h{k}"', "%h", "$h"),
        ("m/a$conns/", "$conns", "$conns"),
        ("s/a/$conns/", "$conns", "$conns"),
        ("<$conns>", "$conns", "$conns"),
        ("sub { $conns }", "$conns", "$conns"),
    ],
)
def test_a_use_is_named_as_declared(body: str, name: str, written: str) -> None:
    assert uses_of(body, name) == [written]


def test_a_heredoc_belongs_to_the_sub_of_its_token() -> None:
    source = PerlSource('my $x;\nmy $f = sub { <<"A" . <<"B" };\n$x\nA\n$y\nB\n')
    assert source.captures(source.subs[0]) == {"$x"}
    assert source.subs[0].uses.keys() == {"$x", "$y"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sub f { 1 }", ["main::f"]),
        ("package A::B; sub f { 1 } package C; sub f { 1 }", ["A::B::f", "C::f"]),
        ("package A { sub f { 1 } } sub f { 1 }", ["A::f", "main::f"]),
        ("{ package A; sub f { 1 } } sub f { 1 }", ["A::f", "main::f"]),
        ("package A; sub B::f { 1 } sub ::g { 1 }", ["B::f", "main::g"]),
        ("package A; my $f = sub { sub { 1 } };", [None, None]),
        ("class A { field $x; method m { $x } }", ["A::m"]),
        ("sub announced; sub f { 1 }", ["main::f"]),
        ("my $x = reduce { $a + $b } @list;", [None]),
        ("1;\n__END__\nsub f { 1 }\n", []),
    ],
)
def test_subs_have_their_full_names(text: str, names: list[str | None]) -> None:
    assert [sub.name for sub in PerlSource(text).subs] == names


def check_declaration(text: str, name: str, expected: str | None) -> None:
    """`^` in `text` stands before the use, `!` before the declaration that it means."""
    plain = text.replace("^", "").replace("!", "")
    use = text.replace("!", "").index("^")
    source = PerlSource(plain)
    found = source.declaration(name, Point(1, use))
    if expected is None:
        assert found is None
    else:
        assert found == Range(
            Point(1, text.replace("^", "").index("!")), Point(1, text.replace("^", "").index("!") + len(name))
        )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my !$x; ^$x;", "$x"),
        ("my !$x; sub { my $y; ^$x };", "$x"),
        ("my $x; sub { my !$x; ^$x };", "$x"),
        ("my !$x; { my $x = ^$x; }", "$x"),
        ("my !$x; { my $x; } ^$x;", "$x"),
        ("my $x; my !$x; ^$x;", "$x"),
        ("our !$x; sub { ^$x }", "$x"),
        ("my !@x; ^$x[0];", "@x"),
        ("my $x; for my !$x (1) { ^$x }", "$x"),
        ("my !$x; for my $x (^$x) { }", "$x"),
        ("if (my !$x = 1) { ^$x }", "$x"),
        ("if (my !$x = 1) { } else { ^$x }", "$x"),
        ("my !$x; if (my $x = 1) { } ^$x", "$x"),
        ("for (my !$x = 0; ^$x < 1; $x++) { }", "$x"),
        ("while (my !$x = shift) { ^$x }", "$x"),
        ("use feature 'signatures'; sub f (!$x, $y = ^$x) { }", "$x"),
        ("sub f { state !$x = 1; ^$x }", "$x"),
        ("class A { field !$x; method m { ^$x } }", "$x"),
        ("try { } catch (!$x) { ^$x }", "$x"),
    ],
)
def test_a_name_means_its_innermost_visible_declaration(text: str, name: str) -> None:
    check_declaration(text, name, name)


@pytest.mark.parametrize(
    "text", ["^$x;", "{ my $x; } ^$x;", "^$x; my $x;", "sub f { my $x } ^$x", "for my $x (1) { } ^$x", "my $x = ^$x;"]
)
def test_a_name_without_a_visible_declaration_has_none(text: str) -> None:
    check_declaration(text, "$x", None)


def test_captures_are_declared_outside_and_used_inside_however_deep() -> None:
    source = PerlSource("my ($a1, $b1, @c1); our $d1; sub { my $b1; $b1; $a1; sub { $c1[0]; $d1; $unknown } }")
    outer, inner = source.subs
    assert source.captures(outer) == {"$a1", "@c1"}
    assert source.captures(inner) == {"@c1"}
    assert source.package_variables(inner) == {"$d1"}
    assert outer.declares.keys() == {"$b1"}


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("my $x; reduce { $x } @list;", "reduce"),
        ("my $x; try { $x } catch { 1 };", "try"),
        ("my $x; async { $x };", "async"),
    ],
)
def test_a_block_that_a_function_takes_is_an_anonymous_sub(text: str, keyword: str) -> None:
    source = PerlSource(text)
    sub = source.subs[0]
    assert (sub.name, sub.first_statement_line, source.captures(sub)) == (None, 1, frozenset({"$x"}))
    assert text_of(source, sub.keyword) == keyword


@pytest.mark.parametrize("text", ["print { $x } 1;", "map { $x } 1;", "try { $x } catch ($e) { }", "if (1) { $x }"])
def test_other_blocks_are_no_subs(text: str) -> None:
    assert PerlSource(text).subs == ()


def test_a_lexical_sub_is_captured() -> None:
    source = PerlSource("my sub helper { 1 } my $f = sub { helper(2) };")
    assert source.captures(source.subs[1]) == {"&helper"}


@pytest.mark.parametrize(
    ("text", "stores"),
    [
        ("$self->{on_closed} = 1;", 1),
        ("$self->{a}{on_closed} ||= 1;", 1),
        ("local $h{on_closed} = 1;", 1),
        ("$h{'on_closed'} = 1;", 1),
        ("f( on_closed => 1, other => 2 );", 1),
        ("f( 'on_closed' => 1 ); $x = { on_closed => 1 };", 2),
        ("$x = $self->{on_closed};", 0),
        ("delete $self->{on_closed};", 0),
        ('$self->{"on_$closed"} = 1;', 0),
    ],
)
def test_stores_of_a_hash_key(text: str, stores: int) -> None:
    source = PerlSource(text)
    found = source.hash_key_stores("on_closed")
    assert [text_of(source, where) for where in found] == ["on_closed"] * stores


def test_columns_are_code_points_and_lines_end_at_line_feeds() -> None:
    source = PerlSource('my $été = "\U0001f600"; my $x;\r\n\tmy $f = sub { "\U0001f600 $x" };\r\n')
    (sub,) = source.subs
    assert sub.keyword == Range(Point(2, 9), Point(2, 12))
    assert text_of(source, sub.uses["$x"][0]) == "$x"
    assert text_of(source, source.declaration("$x", sub.uses["$x"][0].start)) == "$x"


def test_what_stands_at_a_point() -> None:
    source = PerlSource("my $x;\nmy $f = sub {\n   sub { $x };\n};\n")
    outer, inner = source.subs
    variable = source.variable_at(Point(3, 10))
    assert variable is not None
    assert variable.name == "$x"
    assert source.variable_at(Point(3, 4)) is None
    assert source.sub_at(Point(3, 10)) == inner
    assert source.sub_at(Point(2, 13)) == outer
    assert source.sub_at(Point(1, 0)) is None
    assert source.sub_keyword_at(Point(2, 9)) == outer
    assert source.sub_keyword_at(Point(3, 10)) is None


def test_outside_of_a_syntax_error_everything_works() -> None:
    source = PerlSource("my $x;\nsub before { $x }\nmy $y = = ) (;\nsub after { return $x }\n")
    assert {"main::before", "main::after"} <= {sub.name for sub in source.subs}
    assert all(source.captures(sub) == {"$x"} for sub in source.subs)


@pytest.mark.parametrize(
    ("directive", "recorded"),
    [
        ("# line 100", (None, 100)),
        ("#line 100", (None, 100)),
        ('#   line 100 "bar.pl"  ', ("bar.pl", 100)),
        ("#line 100 bar.pl", ("bar.pl", 100)),
        ('#line 100 "a b.pl"', ("a b.pl", 100)),
        ("#line 100 a b", (None, 3)),
        ("# lines 100", (None, 3)),
        (" # line 100", (None, 3)),
        ("#line", (None, 3)),
        ('#line 100 "bar', (None, 3)),
    ],
)
def test_line_directives_as_perlsyn_has_them(directive: str, recorded: tuple[str | None, int]) -> None:
    source = PerlSource(f"1;\n{directive}\nsub f {{ 1 }}\n")
    assert source.recorded_line(1) == (None, 1)
    assert source.recorded_line(3) == recorded
    assert source.disk_lines(*recorded) == (3,)


def test_a_long_comment_is_no_line_directive_and_takes_no_time() -> None:
    source = PerlSource("# line 7 " + " " * 300_000 + '"\nsub f { 1 }\n')
    assert source.recorded_line(2) == (None, 2)


def test_a_recorded_line_can_stand_for_several_lines_or_none() -> None:
    source = PerlSource("1;\n# line 1\n2;\n3;\n")
    assert source.disk_lines(None, 1) == (1, 3)
    assert source.disk_lines(None, 2) == (4,)
    assert source.disk_lines(None, 99) == ()
    assert source.disk_lines("other", 1) == ()


@pytest.mark.parametrize("text", ["<<A\n@x", "print <<A;\nfoo $x", "my $x = <<~'E';\n  $y", '<<"A B"\n$#x'])
def test_a_here_document_that_is_being_typed_does_not_hang_the_parser(text: str) -> None:
    source = PerlSource(f"sub f {{ my $z }}\n{text}")
    assert [sub.name for sub in source.subs] == ["main::f"]


WORDS = "sub my package if for try catch eval method class field local reduce return"
SIGNS = "{ } $x @x %h -> [0] {k} = ; \" ' ( ) <<A A\n q{ s/ /e é \U0001f600 \0 \ud800 => & @{ $# : 1"
PIECES = st.sampled_from(
    [*(word + " " for word in WORDS.split()), *SIGNS.split(" "), "\n", "\r\n", "#line 3\n", "=pod\n"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_text_makes_it_raise_and_every_range_lies_in_the_text(text: str) -> None:
    source = PerlSource(text)
    lines = text.split("\n")
    for sub in source.subs:
        source.captures(sub)
        for where in (sub.keyword, sub.whole, sub.body, *(r for found in sub.uses.values() for r in found)):
            for point in where:
                assert 1 <= point.line <= len(lines)
                assert 0 <= point.column <= len(lines[point.line - 1])
    for column in range(0, 30, 7):
        source.variable_at(Point(1, column))
        source.declaration("$x", Point(2, column))
        source.sub_at(Point(1, column))
