"""A dump with every kind of record, cut or changed at each byte: before it is read, and between the two passes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmat_lsp.errors import DumpError
from pmat_lsp.format.header import Layout, read_header
from pmat_lsp.heap.load import load
from pmat_lsp.heap.records import Records
from pmat_lsp.heap.references import nothing_added
from pmat_lsp.heap.survey import Survey, survey_records
from tests.dump_writer import DumpWriter
from tests.heap.test_every_format import ARRAY, CODE, GLOB, HASH, REF, REGEXP, SCALAR, common_heap

FORMATS = [
    pytest.param(6, {"big_endian": False}, id="6-little-64"),
    pytest.param(6, {"big_endian": True, "uint64": False, "ptr64": False}, id="6-big-32"),
    pytest.param(0, {"big_endian": False}, id="0-little-64"),
]
"""Of the oldest minor version and the newest, which has every kind of record."""


def every_record(minor: int, words: dict[str, Any]) -> DumpWriter:
    """A heap with every kind of record that the minor version 0 or 6 has."""
    writer = common_heap(minor, words)
    # What is no SV stands between two of one run, so that the second pass meets it too.
    writer.ref(0x8FF0, SCALAR)
    writer.magic(REF, b"<", object=ARRAY, counted=True)
    if minor == 6:
        writer.meta_struct(3, "Node", [("next", 0), ("live", 1), ("kind", 2), ("serial", 3), ("big", 4)])
        writer.struct(0x9000, 3, [ARRAY, 1, 200, 7, 9])
        writer.saved_scalar(GLOB, SCALAR)
        writer.saved_element(ARRAY, 5, REF)
        writer.saved_value(HASH, SCALAR, REF)
        writer.note(HASH, ARRAY, "the note")
        writer.debug_report(SCALAR, serial=11, file="lib/A.pm", line=13)
        writer.klass(0x9100, "Point", {"new": CODE}, fields=[(0, "$x"), (1, "@y")])
        writer.object(0x9200, [SCALAR, ARRAY], blessed=0x9100)
        writer.undef(0x9300)
        writer.yes(0x9400)
        writer.no(0x9500)
        writer.shared_hek(SCALAR, 0x77)
        writer.magic2(REGEXP, flags=0x01, aux=SCALAR, key=REF, user=ARRAY)
        writer.mortals([SCALAR, REF], floor=1)
    writer.ref(0x9600, SCALAR)
    return writer


@pytest.mark.parametrize(("minor", "words"), FORMATS)
def test_a_cut_gives_an_error_at_a_byte_that_is_there(minor: int, words: dict[str, Any]) -> None:
    writer = every_record(minor, words)
    whole = writer.to_bytes()
    errors = {length: _error(whole[:length]) for length in range(len(whole))}
    # The dumpers before 0.47 wrote no mortals, so a dump may end before them.
    ends = [len(whole) - len(writer._mortals)] if writer._mortals else []
    assert [length for length, error in errors.items() if error is None] == ends
    offsets = [(error.offset, length) for length, error in errors.items() if error is not None]
    assert [pair for pair in offsets if pair[0] is None or not 0 <= pair[0] <= pair[1]] == []


@pytest.mark.parametrize(("minor", "words"), FORMATS)
def test_a_cut_between_the_two_passes_is_an_error(minor: int, words: dict[str, Any]) -> None:
    whole, layout, start, found = _surveyed(minor, words)
    told = [_svs_read(whole[:length], found, layout) for length in range(start, len(whole) + 1)]
    # Behind the last SV nothing is read again.
    assert told == sorted(told, key=bool)
    assert {*told} == {None, found.addresses.count}


@pytest.mark.parametrize(("minor", "words"), FORMATS)
def test_a_change_gives_an_error_at_a_byte_that_is_there_or_both_passes_agree(
    minor: int, words: dict[str, Any]
) -> None:
    whole, layout, start, _ = _surveyed(minor, words)
    offsets = []
    for raw in _changed(whole, start):
        try:
            found, _ = survey_records(raw, "changed.pmat", layout, start, np.zeros(3, np.uint64))
        except DumpError as error:
            offsets.append(error.offset)
        else:
            assert _svs_read(raw, found, layout) == found.addresses.count
    assert len(offsets) > (len(whole) - start) / 3
    assert [offset for offset in offsets if offset is None or not start <= offset <= len(whole)] == []


@pytest.mark.parametrize(("minor", "words"), FORMATS)
def test_a_change_between_the_two_passes_is_noticed_or_read(minor: int, words: dict[str, Any]) -> None:
    whole, layout, start, found = _surveyed(minor, words)
    told = [_svs_read(raw, found, layout) for raw in _changed(whole, start)]
    assert {*told} == {None, found.addresses.count}


def _changed(whole: bytes, start: int) -> Iterator[bytes]:
    """A dump with a byte changed, or with all bits of a word set, at each byte from `start` on."""
    for at in range(start, len(whole)):
        for other in (b"\x00", b"\xfe", b"\xff", b"\xff" * 4, b"\xff" * 8):
            if whole[at : at + len(other)] != other:
                yield whole[:at] + other + whole[at + len(other) :]


def _surveyed(minor: int, words: dict[str, Any]) -> tuple[bytes, Layout, int, Survey]:
    """A dump, its layout, where its heap section starts, and what the first pass finds there."""
    whole = every_record(minor, words).to_bytes()
    layout, start = read_header(whole, "whole.pmat")
    # The first bytes of the section, which the header and the roots do not have.
    first = bytes(common_heap(minor, words)._heap[:20])
    (at,) = (i for i in range(start, len(whole)) if whole.startswith(first, i))
    found, _ = survey_records(whole, "whole.pmat", layout, at, np.zeros(3, np.uint64))
    return whole, layout, at, found


def _svs_read(raw: bytes, found: Survey, layout: Layout) -> int | None:
    """How many SVs the second pass reads; None where it says that the file has changed."""
    reader = Records(raw, "cut.pmat", layout, found)
    try:
        return sum(len(piece.svs.kind) for piece in reader.resolved(nothing_added()))
    except DumpError as error:
        return None if "changed while it was read" in str(error) else -1


def _error(raw: bytes) -> DumpError | None:
    try:
        load("cut.pmat", read=lambda _: raw)
    except DumpError as error:
        # Its frames hold what was read; they would take gigabytes.
        return error.with_traceback(None)
    return None


def test_the_heap_has_every_record_of_its_version(tmp_path: Path) -> None:
    path = tmp_path / "every.pmat"
    path.write_bytes(every_record(6, {}).to_bytes())
    heap = load(path)
    # All kinds but UNKNOWN, and those that perl makes of arrays; 0 stands for what all records begin with.
    assert set(heap.kind[: heap.n].tolist()) >= set(range(1, 18)) | {0x7F}
