"""Edits of texts: made in any order, on lines of any end; and what a place of a text has imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.errors import PmatError
from pmat_lsp.source.edits import Edit, apply_edits, insert_before, insert_behind
from pmat_lsp.source.imports import current_sub_import, weaken_import
from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.rewrite import rewrite

TEXTS = st.text(st.sampled_from("ab\n\r\f\u00fc\U0001f600 "), max_size=40)


def _point(text: str, offset: int) -> Point:
    return Point(text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1))


@given(TEXTS, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), TEXTS), max_size=4), st.randoms())
def test_edits_are_the_same_in_any_order(text: str, wanted: list[tuple[int, int, str]], random: object) -> None:
    changes: list[tuple[int, int, str]] = []
    free = 0
    for start, length, new in sorted(wanted):
        begin, end = max(start, free), max(start, free) + length
        if end <= len(text):
            changes.append((begin, end, new))
            free = end + 1
    expected = text
    for begin, end, new in reversed(changes):
        expected = expected[:begin] + new + expected[end:]
    edits = [Edit(Range(_point(text, begin), _point(text, end)), new) for begin, end, new in changes]
    random.shuffle(edits)  # type: ignore[attr-defined]
    assert apply_edits(text, edits) == expected


def test_of_two_insertions_at_one_place_the_first_comes_first() -> None:
    at = Range(Point(1, 1), Point(1, 1))
    assert apply_edits("ad", [Edit(at, "b"), Edit(at, "c")]) == "abcd"


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        pytest.param("  a;\n  b;", 4, "  a;\n  X;\n  b;", id="alone"),
        pytest.param("\ta;  # why\r\n", 3, "\ta;  # why\r\n\tX;\r\n", id="comment-and-crlf"),
        pytest.param("{ a; b }", 4, "{ a; X; b }", id="on-the-same-line"),
    ],
)
def test_a_statement_is_inserted_behind_another(text: str, column: int, expected: str) -> None:
    assert apply_edits(text, [insert_behind(PerlSource(text), Point(1, column), "X;")]) == expected


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        pytest.param("\ta;\n", 1, "\tX;\n\ta;\n", id="starts-its-line"),
        pytest.param("  a;\r\n", 2, "  X;\r\n  a;\r\n", id="crlf"),
        pytest.param("{ a }", 2, "{ X; a }", id="on-the-same-line"),
    ],
)
def test_a_statement_is_inserted_before_another(text: str, column: int, expected: str) -> None:
    assert apply_edits(text, [insert_before(PerlSource(text), Point(1, column), "X;")]) == expected


def _imported(text: str, feature: bool) -> str | None:
    """`text` with what its last sub lacks."""
    source = PerlSource(text)
    node = source.lexicals.subs[-1].whole
    edits = current_sub_import(source, node) if feature else weaken_import(source, node)
    return None if edits is None else apply_edits(text, edits)


USE = "use Scalar::Util 'weaken';"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sub f {}\n", f"{USE}\nsub f {{}}\n"),
        ("#!perl\n# c\nsub f {}\n", f"#!perl\n# c\n{USE}\nsub f {{}}\n"),
        ("use strict;\nsub f {}\n", f"use strict;\n{USE}\nsub f {{}}\n"),
        ("package A;\nsub f {}\n", f"package A;\n{USE}\nsub f {{}}\n"),
        ("use Scalar::Util 'weaken';\npackage A;\nsub f {}\n", f"{USE}\npackage A;\n{USE}\nsub f {{}}\n"),
        ("package A {\n    sub f {}\n}\n", f"package A {{\n    {USE}\n    sub f {{}}\n}}\n"),
        ("package A; use Scalar::Util qw( blessed weaken ); sub f {}", None),
        ("use Scalar::Util qw( blessed );\nsub f {}\n", f"use Scalar::Util qw( blessed );\n{USE}\nsub f {{}}\n"),
        ("use builtin qw( weaken );\nsub f {}\n", None),
        ("use My::Tools;\nsub f { weaken( $_[0] ) }\n", None),
    ],
)
def test_weaken_is_imported_once_into_the_package_that_needs_it(text: str, expected: str | None) -> None:
    assert _imported(text, feature=False) == (text if expected is None else expected)


def test_a_weaken_of_the_program_itself_is_not_called() -> None:
    assert _imported("sub weaken {}\nsub f {}\n", feature=False) is None


FEATURE = "use feature 'current_sub';"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use strict;\nsub f {}\n", f"use strict;\n{FEATURE}\nsub f {{}}\n"),
        ("use v5.14;\nsub f {}\n", f"use v5.14;\n{FEATURE}\nsub f {{}}\n"),
        ("use 5.014;\nsub f {}\n", f"use 5.014;\n{FEATURE}\nsub f {{}}\n"),
        ("use v5.16;\nsub f {}\n", None),
        ("use 5.016;\nsub f {}\n", None),
        ("use v5.36;\nsub f {}\n", None),
        ("use v5.36;\nuse v5.10;\nsub f {}\n", f"use v5.36;\nuse v5.10;\n{FEATURE}\nsub f {{}}\n"),
        ("use feature qw( say current_sub );\nsub f {}\n", None),
        ("use feature ':5.16';\nsub f {}\n", None),
        ("use feature ':5.14';\nsub f {}\n", f"use feature ':5.14';\n{FEATURE}\nsub f {{}}\n"),
        ("{ use v5.36; }\nsub f {}\n", f"{FEATURE}\n{{ use v5.36; }}\nsub f {{}}\n"),
        ("sub f {}\nuse v5.36;\n", f"{FEATURE}\nsub f {{}}\nuse v5.36;\n"),
    ],
)
def test_current_sub_is_enabled_where_no_version_has_done_it(text: str, expected: str | None) -> None:
    assert _imported(text, feature=True) == (text if expected is None else expected)


def test_where_features_are_taken_away_current_sub_is_left_alone() -> None:
    assert _imported("use v5.36;\nno feature 'current_sub';\nsub f {}\n", feature=True) is None


def test_a_file_that_has_become_a_fifo_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "Foo.pm"
    os.mkfifo(path)
    with pytest.raises(PmatError, match="cannot be written: it is not a regular file"):
        rewrite(path, "", [])
