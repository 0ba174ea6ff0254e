"""No cure where an object could be freed too early or the text would change its meaning; cures in odd texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cures.running import make, needs_dumper, run, written

pytestmark = needs_dumper

HEAD = """use strict;
use warnings;
use Devel::MAT::Dumper;
"""
TAIL = """
print "end\\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
"""
WIDGET = """
package Widget {
    our ( @KEPT, %BY_NAME );
    sub new {
        my ($class) = @_;
        my $self = bless { clicks => 0 }, $class;
        BODY
        return $self;
    }
    MORE
}
USE
"""
CALLBACK = "$self->{on_click} = sub { $self->{clicks}++ };"
MAKE_THREE = "for ( 1 .. 3 ) { my $widget = Widget->new; print $widget->{clicks}, qq(\\n) }"


def program(body: str = CALLBACK, more: str = "", use: str = MAKE_THREE) -> str:
    """A widget whose callback leaks."""
    return HEAD + WIDGET.replace("BODY", body).replace("MORE", more).replace("USE", use) + TAIL


def test_the_widget_is_cured_where_nothing_is_odd(tmp_path: Path) -> None:
    ran = run(written(tmp_path, program()))
    assert [cure.is_safe for cure in ran.cures()] == [True]


@pytest.mark.parametrize(
    ("body", "more", "use"),
    [
        pytest.param(
            "push @KEPT, $self->{on_click} = sub { $self->{clicks}++ };",
            "",
            MAKE_THREE + "@Widget::KEPT = ();",
            id="it-is-stored-elsewhere-too",
        ),
        pytest.param(CALLBACK, "sub on_click { $_[0]{on_click} }", MAKE_THREE, id="an-accessor-gives-it-away"),
        pytest.param(
            CALLBACK,
            "sub get { my ( $self, $key ) = @_; $self->{$key} }",
            MAKE_THREE,
            id="a-computed-key-gives-it-away",
        ),
        pytest.param(
            CALLBACK,
            "sub get { my ( $thing, $key ) = @_; return $thing->{$key} }",
            MAKE_THREE,
            id="a-computed-key-of-another-variable",
        ),
        pytest.param(CALLBACK, "sub get { return $_[0]{ $_[1] } }", MAKE_THREE, id="a-computed-key-of-an-argument"),
        pytest.param(CALLBACK, "sub copy { my ($o) = @_; return {%$o} }", MAKE_THREE, id="a-copy-that-nobody-makes"),
        pytest.param(
            CALLBACK,
            "sub all { my ($self) = @_; @{$self}{qw( on_click clicks )} }",
            MAKE_THREE,
            id="a-slice-gives-it-away",
        ),
        pytest.param(
            CALLBACK, "sub pass { my ($self) = @_; main::take( $self->{on_click} ) }", MAKE_THREE, id="it-is-passed-on"
        ),
        pytest.param(
            CALLBACK, "", MAKE_THREE + " my @callbacks = map { $_->{on_click} } ();", id="the-main-program-takes-it"
        ),
        pytest.param(
            "$self->{on_click} = sub { $self->{clicks}++ }; $self = $self;",
            "",
            MAKE_THREE,
            id="the-variable-is-set-again",
        ),
        pytest.param(
            "$self->{on_click} = sub { my $other = \\$self; $self->{clicks}++ };",
            "",
            MAKE_THREE,
            id="a-reference-to-the-variable-is-taken",
        ),
        pytest.param(
            "$self->{on_click} = sub { sub { $self->{clicks}++ } };", "", MAKE_THREE, id="a-closure-inside-uses-it"
        ),
        pytest.param(CALLBACK, "sub weaken { die }", MAKE_THREE, id="weaken-means-something-else"),
        pytest.param(
            CALLBACK,
            "sub leak { my ($self) = @_; push @KEPT, $_ for @{ [ $self->{on_click} ] } }",
            MAKE_THREE,
            id="in-a-block-that-is-dereferenced",
        ),
        pytest.param(
            "$self->on( sub { $self->{clicks}++ } );",
            "sub on { my ( $self, $callback ) = @_; $self = $self->{other} if $self->{other}; "
            "$self->{cb} = $callback }",
            MAKE_THREE,
            id="the-method-takes-another-object",
        ),
        pytest.param(
            CALLBACK,
            "sub all { return map { $_->{on_click} } @_ }",
            MAKE_THREE,
            id="in-a-map",
        ),
        pytest.param(
            CALLBACK,
            "sub pick { my ($self) = @_; push @KEPT, do { $self->{on_click} } }",
            MAKE_THREE,
            id="in-a-do-block",
        ),
        pytest.param(
            CALLBACK,
            "sub pick { my ($self) = @_; $self->{on_click} if $self->{clicks} }",
            MAKE_THREE,
            id="an-accessor-with-a-condition",
        ),
        pytest.param(
            CALLBACK,
            "sub pick { my ($self) = @_; my $cb = $self->{on_click}; my $copy = \\&$cb; return 1 }",
            MAKE_THREE,
            id="a-reference-to-the-sub-is-taken",
        ),
        pytest.param(
            "$self->{on_click} = sub { my $old = $self; my $self = 1; $old->{clicks}++ };",
            "",
            "no warnings; " + MAKE_THREE,
            id="the-sub-has-another-of-that-name",
        ),
        pytest.param(
            CALLBACK,
            "",
            "for ( 1 .. 3 ) { my $call = Widget->new->{on_click}; print $call->(), qq(\\n) }",
            id="the-closure-outlives-the-object",
        ),
    ],
)
def test_no_fix_is_safe_where_a_use_is_not_understood(body: str, more: str, use: str, tmp_path: Path) -> None:
    ran = run(written(tmp_path, program(body, more, use)))
    assert ran.patterns == ["self-callback"]
    assert not any(cure.is_safe for cure in ran.cures())


@pytest.mark.parametrize(
    ("body", "more", "reason"),
    [
        pytest.param(
            "$self->{on_click} = sub { $self->{clicks}++ }; $self = $self;",
            "",
            "a weak copy of `$self` at program.pl:9 would change what the program does",
            id="the-variable-is-set-again",
        ),
        pytest.param(
            CALLBACK,
            "sub weaken { die }",
            "a weak copy of `$self` at program.pl:9 would change what the program does",
            id="weaken-means-something-else",
        ),
    ],
)
def test_where_there_is_no_fix_it_is_said_why(body: str, more: str, reason: str, tmp_path: Path) -> None:
    ran = run(written(tmp_path, program(body, more)))
    (marked,) = ran.dump.marked
    assert ran.dump.cures(marked) == ()
    assert ran.dump.why_no_cure(marked) == reason


def test_a_live_closure_that_alone_holds_its_object_forbids_the_cure(tmp_path: Path) -> None:
    more = "sub detach { my ($self) = @_; push @KEPT, $self->{on_click} }"
    ran = run(written(tmp_path, program(more=more, use=MAKE_THREE + " Widget->new->detach;")))
    assert ran.patterns == ["self-callback"]
    assert ran.cures() == []


def test_a_container_whose_members_the_closure_calls_is_left_alone(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
package Line { sub new { my ( $class, %args ) = @_; return bless {%args}, $class } sub ring { 1 } }
for ( 1 .. 3 ) {
    my $lines = [];
    push @$lines, Line->new( on_hangup => sub { $_->ring for @$lines } ) for 1 .. 2;
}
"""
        + TAIL
    )
    ran = run(written(tmp_path, text))
    assert ran.patterns == ["container-capture"]
    (cure,) = ran.cures()
    assert not cure.is_safe
    assert cure.reason == "The closure at program.pl:8 is kept in another object than `$lines`, and can outlive that."


@pytest.mark.parametrize(
    "sub",
    [
        pytest.param("my ($n) = @_; my $again = sub { $step->( $n - 1 ) }; $n ? $again->() : 0", id="in-a-sub-inside"),
        pytest.param("my ($n) = @_; undef $step if $n > 9; $n ? $step->( $n - 1 ) : 0", id="it-is-undefined"),
        pytest.param("my ($n) = @_; eval q{1}; $n ? $step->( $n - 1 ) : 0", id="a-string-is-evaluated"),
        pytest.param("my ($n) = @_; my @s = $n ? sort { $step->(0) } 1, 2 : (); 0", id="in-a-sort-block"),
        pytest.param('my ($n) = @_; my $s = "$step"; $n ? $step->( $n - 1 ) : 0', id="in-a-string"),
    ],
)
def test_no_current_sub_where_it_would_be_another_sub(sub: str, tmp_path: Path) -> None:
    text = HEAD + "for ( 1 .. 3 ) { my $step; $step = sub { " + sub + " }; $step->(2) }" + TAIL
    ran = run(written(tmp_path, text))
    assert ran.patterns == ["recursive-sub"]
    assert not any(cure.is_safe or "__SUB__" in cure.title for cure in ran.cures())


def test_of_two_closures_that_call_each_other_one_must_be_weak(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
for ( 1 .. 3 ) {
    my ( $even, $odd );
    $even = sub { $_[0] ? $odd->( $_[0] - 1 ) : 1 };
    $odd  = sub { $_[0] ? $even->( $_[0] - 1 ) : 0 };
    $even->(4);
}
"""
        + TAIL
    )
    ran = run(written(tmp_path, text))
    assert ran.patterns == ["recursive-sub"]
    assert [(cure.title, cure.is_safe) for cure in ran.cures()] == [
        ("Capture a weakened copy of $odd", False),
        ("Capture a weakened copy of $even", False),
    ]


def test_a_parent_without_a_live_example_needs_a_review(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
package Leaf { sub new { my ( $class, $up ) = @_; my $self = bless {}, $class; $self->{parent} = $up; return $self } }
package Tree { sub new { my $self = bless {}, shift; $self->{leaf} = Leaf->new($self); return $self } }
Tree->new for 1 .. 3;
"""
        + TAIL
    )
    ran = run(written(tmp_path, text))
    assert ran.patterns == ["parent-child"]
    (cure,) = ran.cures()
    assert (cure.title, cure.is_safe) == ("Weaken $self->{parent}", False)
    assert cure.reason == "See that something else holds what `{parent}` of Leaf refers to as long as it is needed."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param(program().replace("\n", "\r\n"), "utf-8", id="crlf"),
        pytest.param(program().replace("    ", "\t"), "utf-8", id="tabs"),
        pytest.param(program() + "\n__END__\n$self->{on_click} = sub { $self };\n", "utf-8", id="behind-the-end"),
        pytest.param("# Gr\xfc\xdfe\n" + program(), "latin-1", id="latin-1"),
        pytest.param("use utf8; # Gr\xfc\xdfe \U0001f600\n" + program(), "utf-8", id="utf-8"),
        pytest.param(
            program().replace("$self", "$gr\xf6\xdfe").replace("use strict", "use utf8; use strict"),
            "utf-8",
            id="a-name-in-utf-8",
        ),
        pytest.param(
            program().replace("on_click", "on click").replace("{on click}", "{'on click'}"), "utf-8", id="a-quoted-key"
        ),
        pytest.param(
            program().replace("bless { clicks => 0 }, $class;", "bless( { clicks => 0 }, $class ) or die;"),
            "utf-8",
            id="with-or-die",
        ),
        pytest.param(
            program().replace(
                "my $self = bless { clicks => 0 }, $class;", "my ($self) = bless { clicks => 0 }, $class;"
            ),
            "utf-8",
            id="in-a-list",
        ),
        pytest.param(program("my $weak_self = 1; " + CALLBACK), "utf-8", id="the-name-is-taken"),
        pytest.param(
            program().replace("package Widget {", "package Widget {\n    use Scalar::Util qw( blessed weaken );"),
            "utf-8",
            id="weaken-is-imported",
        ),
        pytest.param(
            program().replace("package Widget {", "package Widget;").replace("\n}\nfor (", "\npackage main;\nfor ("),
            "utf-8",
            id="package-without-a-block",
        ),
        pytest.param(
            HEAD + "{ package Widget; sub new { my $self = bless {}, shift; $self->{c} = sub { $self }; $self } }"
            "\nWidget->new for 1 .. 3;" + TAIL,
            "utf-8",
            id="one-line",
        ),
    ],
)
def test_odd_texts_are_cured_without_harm(text: str, encoding: str, tmp_path: Path) -> None:
    script = written(tmp_path, text.encode(encoding))
    before = run(script)
    assert before.patterns == ["self-callback"]
    (cure,) = before.cures()
    make(cure, encoding)
    after = run(script)
    assert after.patterns == []
    assert after.output == before.output
    cured = script.read_bytes().decode(encoding)
    if "\r\n" in text:
        assert "\n" not in cured.replace("\r\n", "")
    assert cured.count("use Scalar::Util") == 1


def test_what_is_not_always_a_reference_is_weakened_only_where_it_is_one(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
package Thing { sub new { return bless {}, shift } }
sub describe {
    my ($thing) = @_;
    my $callback = sub { return ref $thing || 'none' };
    $thing->{callback} = $callback if ref $thing;
    print $callback->(), "\\n";
}
describe( Thing->new ) for 1 .. 3;
describe($_) for undef, 'text';
"""
        + TAIL
    )
    script = written(tmp_path, text)
    before = run(script)
    assert before.patterns == ["self-callback"]
    (cure,) = before.cures()
    assert cure.is_safe
    make(cure)
    after = run(script)
    assert after.patterns == []
    assert after.output == before.output == "Thing\nThing\nThing\nnone\nnone\nend\n"


def test_what_a_cure_adds_is_only_what_it_needs(tmp_path: Path) -> None:
    script = written(tmp_path, program())
    before = script.read_text().splitlines()
    (cure,) = run(script).cures()
    make(cure)
    added = [line.strip() for line in script.read_text().splitlines() if line not in before]
    assert added == [
        "use Scalar::Util 'weaken';",
        "weaken( my $weak_self = $self );",
        "$self->{on_click} = sub { my $self = $weak_self // return; $self->{clicks}++ };",
    ]


def test_the_captures_of_two_closures_on_one_line_are_told_apart(tmp_path: Path) -> None:
    script = written(
        tmp_path,
        """use Devel::MAT::Dumper;
        sub make {
            my $unused = 1;
            my $left = bless {}, 'Half';
            my $right = bless { left => $left }, 'Half';
            $left->{right} = $right;
            $left->{go} = sub { return $left }; $right->{go} = sub { my $more = $unused; return $right };
            return;
        }
        make() for 1 .. 3;
        Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
        """,
    )
    dump = run(script).dump
    (finding,) = dump.leaks.report.findings
    assert {cut.name: len(cut.rows) for cut in dump.cuts(finding).captured} == {"$left": 3, "$right": 3}
