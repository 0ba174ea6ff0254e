"""The two passes read what a slow reader reads, in whatever order the SVs lie in the file."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmat_lsp.errors import DumpError
from pmat_lsp.format.header import read_header
from pmat_lsp.format.kinds import RefKind
from pmat_lsp.heap import records, survey
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.records import Records
from pmat_lsp.heap.references import nothing_added
from pmat_lsp.heap.survey import survey_records
from tests.dump_writer import DumpWriter
from tests.dumps import ROOT
from tests.heap.test_cut_everywhere import every_record
from tests.same import assert_same

ARENA = 0x7F00_0000_0000


@dataclass
class Written:
    """An array of the file."""

    address: int
    elements: list[int]
    refcount: int
    size: int


def arrays(step: int) -> st.SearchStrategy[list[Written]]:
    """Arrays in the order of the file: mostly runs, as perl has them, with jumps, overlaps and repetitions."""
    near = st.integers(0, 60).map(lambda number: ARENA + number * step)
    far = st.sampled_from([ARENA + 0x1000, ARENA + 0x100000, ARENA - 0x10000, 64, 2**64 - 64])
    address = st.one_of(near, near, near, far)
    one = st.builds(
        Written,
        address,
        st.lists(st.one_of(st.just(0), address), max_size=5),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**40),
    )
    return st.one_of(
        st.lists(one, max_size=30),
        st.lists(one, max_size=30, unique_by=lambda array: array.address).map(
            lambda found: sorted(found, key=lambda array: array.address)
        ),
    )


def dump_of(written: list[Written]) -> bytes:
    writer = DumpWriter(6)
    for array in written:
        writer.array(array.address, array.elements, refcount=array.refcount, size=array.size)
    return writer.to_bytes()


def heap_of(dump: bytes) -> Heap:
    return load(Path("x.pmat"), read=lambda _: dump)


@settings(max_examples=150, deadline=None)
@given(written=st.one_of(arrays(24), arrays(8), arrays(1), arrays(4096)), rows=st.sampled_from([1, 7, 1 << 17]))
def test_every_order_of_the_file_gives_the_heap_in_the_order_of_addresses(written: list[Written], rows: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_ROWS_AT_A_TIME", rows)
        patch.setattr(survey, "_ROOM", rows)
        heap = heap_of(dump_of(written))
    last = {array.address: array for array in written}
    expected = [last[address] for address in sorted(last)]
    ids = {array.address: number for number, array in enumerate(expected)}
    ids |= {address: len(expected) + number for number, address in enumerate((0x10, 0x20, 0x30)) if address not in ids}
    assert heap.address[: heap.n].tolist() == [array.address for array in expected]
    assert heap.refcount[: heap.n].tolist() == [array.refcount for array in expected]
    assert heap.size[: heap.n].tolist() == [array.size for array in expected]
    assert heap.length[: heap.n].tolist() == [len(array.elements) for array in expected]
    for sv, array in enumerate(expected):
        assert list(heap.references_of(sv)) == [
            (RefKind.ELEMENT, index, ids[element]) for index, element in enumerate(array.elements) if element in ids
        ]
    twice = len(written) - len(expected)
    assert bool(heap.warnings) == bool(twice)


def test_sorted_runs_are_read_where_they_lie_and_overlapping_ones_one_by_one() -> None:
    runs = [[ARENA + 0x3000 + 24 * i for i in range(40)], [ARENA + 24 * i for i in range(40)]]
    apart = [address for run in runs for address in run]
    mixed = [address for pair in zip(*runs, strict=True) for address in (pair[0], pair[1] + 0x3000 - 12 * 24)]
    assert len(surveyed(apart).run_svs) == 2
    assert set(surveyed(mixed).run_svs.tolist()) == {1}


def surveyed(addresses: list[int]) -> survey.Survey:
    dump = dump_of([Written(address, [], 1, 24) for address in addresses])
    layout, start = read_header(dump, "x.pmat")
    # Three immortals, no root, no stack.
    start += 3 * 8 + 4 + 8
    return survey_records(dump, "x.pmat", layout, start, np.zeros(3, np.uint64))[0]


@pytest.mark.parametrize("seed", range(40))
def test_a_file_that_changes_between_the_passes_is_an_error_and_no_more(tmp_path: Path, seed: int) -> None:
    writer = DumpWriter(6)
    writer.stash(0x1000, "main", {"x": 0x2000, "y": 0x3000})
    writer.meta_struct(3, "Node", [("next", 0), ("live", 1)])
    writer.struct(0x1800, 3, [0x2000, 1])
    writer.array(0x2000, [0x1000, 0x3000, 0x2000])
    writer.hash(0x3000, {"key": 0x2000, "other": 0x3000})
    writer.scalar(0x4000, pv="text")
    path = tmp_path / "x.pmat"
    path.write_bytes(writer.to_bytes())
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        layout, start = read_header(data, str(path))
        start += 3 * 8 + 4 + 8
        found, _ = survey_records(data, str(path), layout, start, np.zeros(3, np.uint64))
        chance = np.random.default_rng(seed)
        for at in chance.integers(start, len(data), 6):
            data[int(at)] = int(chance.integers(256))
        reader, svs, problem = Records(data, str(path), layout, found), 0, ""
        try:
            svs = sum(len(piece.svs.kind) for piece in reader.resolved(nothing_added()))
        except DumpError as error:
            problem = str(error)
        assert "changed while it was read" in problem or svs == found.addresses.count


def test_little_room_for_what_is_noted_gives_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    writer = every_record(6, {})
    writer.klass(0x9700, "Wide", fields=[(index, "$field") for index in range(20)])
    writer.code(0x9800, padnames=[(1, "$" + "long" * 2000, 0)])
    every = tmp_path / "every.pmat"
    every.write_bytes(writer.to_bytes())
    for dump, room, at_a_time in ((ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz", 3, 5000), (every, 1, 1 << 20)):
        wanted = load(dump)
        with monkeypatch.context() as patch:
            patch.setattr(survey, "_ROOM", room)
            patch.setattr(survey, "BYTES_AT_A_TIME", at_a_time)
            assert_same(load(dump), wanted)
