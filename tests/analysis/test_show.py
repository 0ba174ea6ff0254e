"""`show`: what is said of each kind of SV, and that nothing in a real dump is beyond it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pmat_lsp.analysis.identify import IdentifyOptions, identify_tree
from pmat_lsp.analysis.neighbours import inrefs_table, outrefs_table
from pmat_lsp.analysis.show import ShowOptions, show_table
from pmat_lsp.heap.load import load
from pmat_lsp.heap.neighbours import ALL
from pmat_lsp.render.identify_text import identify_text
from pmat_lsp.render.reference_text import references_text
from pmat_lsp.render.show_text import show_text
from pmat_lsp.render.tables import answer_json
from tests.dump_writer import FIELD_BOOL, FIELD_POINTER, FIELD_U32, DumpWriter
from tests.dumps import heap_of, named, own_dumps


def shown(tmp_path: Path, writer: DumpWriter, address: int, options: ShowOptions | None = None) -> list[str]:
    """The lines about one SV, without its first."""
    path = tmp_path / "a.pmat"
    path.write_bytes(writer.to_bytes())
    heap = load(path)
    return show_text(show_table(heap, heap.id_at(address), options or ShowOptions())).plain.splitlines()[1:]


def test_integers_have_their_sign(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.scalar(0x1000, iv=-42)
    writer.scalar(0x1100, uv=(1 << 64) - 1)
    assert shown(tmp_path, writer, 0x1000)[1:] == ["  IV=-42"]
    assert shown(tmp_path, writer, 0x1100)[1:] == ["  UV=18446744073709551615"]


@pytest.mark.parametrize(
    ("text", "utf8", "quoted"),
    [
        (b'a"$@\\\n\x00\xe9', False, r'"a\"\$\@\\\n\000\351"'),
        ("smile \u263a\u001b".encode(), True, r'"smile \x{263a}\e"'),
    ],
)
def test_strings_are_perl_literals(tmp_path: Path, text: bytes, utf8: bool, quoted: str) -> None:
    writer = DumpWriter()
    writer.scalar(0x1000, pv=text, utf8=utf8)
    assert shown(tmp_path, writer, 0x1000)[1:] == [f"  PV={quoted}", f"  PVLEN {len(text)}"]


def test_a_long_string_is_cut_unless_all_of_it_is_wanted(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.scalar(0x1000, pv=b"x" * 100)
    assert shown(tmp_path, writer, 0x1000)[1] == f'  PV="{"x" * 64}"...'
    assert shown(tmp_path, writer, 0x1000, ShowOptions(full_strings=True))[1] == f'  PV="{"x" * 100}"'


@pytest.mark.parametrize("minor", [0, 1, 4])
def test_magic_is_told_in_every_version(tmp_path: Path, minor: int) -> None:
    writer = DumpWriter(minor)
    writer.hash(0x1000)
    writer.ref(0x1100, 0x1000)
    writer.magic(0x1000, b"P", object=0x1100, vtable=0xBEEF)
    lines = shown(tmp_path, writer, 0x1000)
    assert "  has P magic with object at REF() at 0x1100" in lines
    assert ("     with virtual table at 0xbeef" in lines) == (minor >= 4)


def test_a_structure_shows_its_fields(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.scalar(0x1000, iv=1)
    writer.meta_struct(7, "Thing", [("held", FIELD_POINTER), ("ready", FIELD_BOOL), ("count", FIELD_U32)])
    writer.struct(0x1100, 7, [0x1000, 1, 9])
    lines = shown(tmp_path, writer, 0x1100)
    assert lines[1:] == ["  held=SCALAR(IV) at 0x1000 = 1", "  ready=true", "  count=9"]


def test_a_part_of_a_scalar_tells_its_type_and_what_it_is_a_part_of(tmp_path: Path) -> None:
    """The reference dies on it."""
    writer = DumpWriter()
    writer.scalar(0x1000, pv=b"text")
    writer.lvalue(0x1100, 0x1000, type=b"x")
    assert shown(tmp_path, writer, 0x1100)[1:] == ["  type=x", "  target=SCALAR(PV) at 0x1000"]


def test_where_an_sv_was_made_is_told(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.array(0x1000)
    writer.debug_report(0x1000, serial=12, file="lib/A.pm", line=3)
    assert shown(tmp_path, writer, 0x1000)[1:3] == ["  debug serial 12", "  created at lib/A.pm:3"]


def test_references_that_go_in_circles_are_followed_once(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.code(0x1000, pads=[(1, 0x1100)])
    writer.array(0x1100, [0, 0x1200])
    writer.ref(0x1200, 0x1300)
    writer.ref(0x1300, 0x1200)
    line = shown(tmp_path, writer, 0x1000, ShowOptions(pad=True))[-1]
    assert line.count(" => ") == 2


@pytest.mark.parametrize("dump", named(own_dumps()[::4]))
def test_every_kind_of_sv_in_a_real_dump_has_an_answer(dump: Path) -> None:
    heap = heap_of(dump)
    first_of_each_kind = np.unique(heap.kind, return_index=True)[1].tolist()
    for sv in [*first_of_each_kind, *range(0, heap.n, 199), heap.n]:
        table = show_table(heap, sv, ShowOptions(pad=True))
        assert show_text(table).plain.count("with refcount") == 1
        assert json.loads(answer_json(table))["title"] == table.title
        for references in (outrefs_table(heap, sv, ALL), inrefs_table(heap, sv, ALL)):
            assert references_text(references).plain.count("\n") == len(references.rows)
        tree = identify_tree(heap, sv, IdentifyOptions(depth=4))
        assert len(json.loads(answer_json(tree))["rows"]) == len(tree.rows)
        assert identify_text(tree).plain.count("\n") == len(tree.rows) + 1
