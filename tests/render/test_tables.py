"""Tables and trees as text and JSON: aligned, safe, and with the addresses of SVs."""

from __future__ import annotations

import json

from pmat_lsp.analysis.tables import Column, Table, Tree, TreeRow, Unit
from pmat_lsp.render.tables import answer_json, table_text, tree_text

COLUMNS = (
    Column("sv", Unit.SV),
    Column("what", Unit.TEXT),
    Column("size", Unit.BYTES),
    Column("svs", Unit.COUNT),
)


def test_numbers_stand_at_the_right_and_texts_at_the_left() -> None:
    first = "0x55d0c0ffee"
    table = Table("Sizes", COLUMNS, ((0x55D0C0FFEE, "Net::Conn", 2048, 1234567), (None, "all", 5, 1)), more=1000)
    pad = len(first) - 2
    assert table_text(table).plain.splitlines() == [
        "Sizes",
        f"  sv{' ' * pad}  what          size        svs",
        f"  {first}  Net::Conn  2.0 KiB  1,234,567",
        f"  {' ' * len(first)}  all        5 bytes          1",
        "  and 1,000 more",
    ]


def test_a_table_without_rows_has_its_heading() -> None:
    assert table_text(Table("None", COLUMNS[1:], ())).plain == "None\n  what  size  svs\n"


def test_a_tree_is_indented_in_its_last_column() -> None:
    rows = (TreeRow(0, (None, "top", 9, 3), 0), TreeRow(1, (None, "child", 5, 2), 7))
    assert tree_text(Tree("Tree", COLUMNS, rows)).plain.splitlines() == [
        "Tree",
        "  sv     size  svs  what",
        "      9 bytes    3  top",
        "      5 bytes    2    child (and 7 more)",
    ]


def test_what_acts_on_a_terminal_is_shown_not_done() -> None:
    table = Table("a\x1b[2Jb", COLUMNS[1:2], (("c\x1b]0;x\x07\n\u202ed",),))
    shown = table_text(table).plain
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert len(shown.splitlines()) == 3


def test_json_has_plain_numbers_and_addresses() -> None:
    table = Table("Sizes", COLUMNS, ((0x1F, "Net::Conn", 2048, 1234567), (None, None, 0, 1)), more=3)
    answer = json.loads(answer_json(table))
    assert answer["schema"] == 1
    assert answer["columns"][2] == {"name": "size", "unit": "bytes"}
    assert answer["rows"] == [
        {"sv": "0x1f", "what": "Net::Conn", "size": 2048, "svs": 1234567},
        {"sv": None, "what": None, "size": 0, "svs": 1},
    ]
    assert answer["more"] == 3


def test_json_of_a_tree_has_the_depth_of_each_row() -> None:
    rows = (TreeRow(0, (0, "top", 9, 3), 0), TreeRow(1, (1, "child", 5, 2), 7))
    answer = json.loads(answer_json(Tree("Tree", COLUMNS, rows)))
    assert [(row["depth"], row["more"], row["size"]) for row in answer["rows"]] == [(0, 0, 9), (1, 7, 5)]


def test_json_survives_names_that_are_no_text() -> None:
    table = Table("Names", COLUMNS[1:2], (("caf\udce9\x7f",),))
    text = answer_json(table)
    assert text.isascii()
    assert "\x7f" not in text
    assert json.loads(text)["rows"] == [{"what": "caf\\xe9\x7f"}]
