"""What is shown of text out of a dump can be shown everywhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.analysis.tables import Column, Table, Unit
from pmat_lsp.render.escape import portable, without_links, without_modelines
from pmat_lsp.render.tables import answer_csv


@given(st.text(st.characters(exclude_categories=())))
def test_a_portable_text_is_utf8_and_the_same_where_it_was_before(text: str) -> None:
    sound = portable(text)
    sound.encode("utf-8")
    kept = [character for character in text if not 0xD800 <= ord(character) <= 0xDFFF]
    assert sound == text or len(kept) < len(text)
    assert portable(sound) == sound


@given(st.binary())
def test_a_byte_that_is_no_utf8_is_told_by_its_number(data: bytes) -> None:
    assert portable(data.decode("ascii", "surrogateescape")) == data.decode("ascii", "backslashreplace")


def test_a_lone_surrogate_of_the_dump_itself_is_told_by_its_number() -> None:
    assert portable("a\ud800b") == r"a\x{d800}b"


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("class vim: set modelineexpr", "class vim\\: set modelineexpr"),
        ("ex:set x", "ex\\:set x"),
        ("first\nvi: x\n Vim>700: y", "first\nvi\\: x\n Vim>700\\: y"),
        ("Foo::vim::bar, index:", "Foo::vim::bar, index:"),
    ],
)
def test_no_modeline_of_vim_is_left(text: str, broken: str) -> None:
    assert without_modelines(text) == broken


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-2+3", "@SUM(A1)"])
def test_no_cell_is_left_that_a_spreadsheet_computes(cell: str) -> None:
    table = Table("t", (Column("name", Unit.TEXT), Column("count", Unit.COUNT)), ((cell, -1), ("@list", 2)))
    assert answer_csv(table) == f"name,count\n'{cell},-1\n@list,2\n"


def test_no_notification_has_a_link() -> None:
    name = "[x](command:workbench.action.terminal.new).pmat"
    assert not re.search(r"\]\(", without_links(name))
