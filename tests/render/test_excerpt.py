"""Marks stand under what they mark, whatever the line is made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pmat_lsp.render.excerpt import Mark, excerpt
from pmat_lsp.source.model import Point, Range


def marked(lines: list[str], *places: tuple[int, int, int]) -> list[str]:
    """The excerpt as lines; a place is (line, column, end column)."""
    marks = [Mark(Range(Point(line, start), Point(line, end)), "here", "") for line, start, end in places]
    return excerpt(lines, marks, 2).plain.split("\n")[:-1]


def test_a_mark_is_under_its_word() -> None:
    assert marked(["my $x = sub {"], (1, 8, 11)) == [" 1 | my $x = sub {", "   |         ^^^ here"]


def test_lines_that_are_left_out_are_shown_as_a_gap_but_a_single_one_is_not() -> None:
    lines = ["one", "two", "three", "four", "five", "six"]
    assert marked(lines, (1, 0, 1), (3, 0, 1), (6, 0, 1)) == [
        " 1 | one",
        "   | ^ here",
        " 2 | two",
        " 3 | three",
        "   | ^ here",
        "   :",
        " 6 | six",
        "   | ^ here",
    ]


def test_two_marks_on_a_line_have_a_row_each() -> None:
    assert marked(["$a = $b"], (1, 5, 7), (1, 0, 2)) == [" 1 | $a = $b", "   | ^^ here", "   |      ^^ here"]


def test_a_tab_takes_four_columns_and_a_wide_character_two() -> None:
    assert marked(["\t'漢字' => sub"], (1, 8, 11))[1] == "   |" + " " * 14 + "^^^ here"


def test_a_control_character_is_shown_and_the_mark_stands_behind_it() -> None:
    code, under = marked(["'\x1b[31m' => sub"], (1, 11, 14))
    assert "\x1b" not in code
    assert code.index("sub") == under.index("^^^")


def test_of_a_long_line_the_part_with_the_mark_is_shown() -> None:
    code, under = marked(["x" * 5000 + "sub {" + "y" * 5000], (1, 5000, 5003))
    assert len(code) < 200
    assert code[under.index("^^^") :].startswith("sub {")


def test_a_line_that_the_text_does_not_have_is_left_out() -> None:
    assert marked(["one"], (2, 0, 1)) == []


def test_a_mark_behind_the_end_of_its_line_still_shows() -> None:
    assert marked(["one"], (1, 7, 9))[1].strip().endswith("^ here")


@given(st.text(alphabet="a\t漢é\x1b\u202e", max_size=30), st.text(alphabet="xyz", min_size=1, max_size=5))
def test_whatever_stands_before_it_the_mark_is_under_its_word(before: str, word: str) -> None:
    code, under = marked([f"{before}{word}"], (1, len(before), len(before) + len(word)))
    at = under.index("^")
    assert cell_len(code.removesuffix(word)) == at
    assert under.count("^") == len(word)
