"""The sizes of all SVs at once are those of each SV by itself, and `largest` adds up."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pmat_lsp.analysis import all_sizes
from pmat_lsp.analysis.all_sizes import owned_sizes, structure_sizes
from pmat_lsp.analysis.largest import OTHERS, Measure, by_itself, by_owned, by_structure, largest_tree
from pmat_lsp.analysis.size import owned, owned_svs, structure
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.kernels import dominators
from pmat_lsp.render.reference_text import largest_text
from tests.dump_writer import DumpWriter
from tests.dumps import corpus_dumps, heap_of, named, needs_corpus, own_dumps

Array = npt.NDArray[Any]


def _same_as_one_by_one(heap: Heap) -> None:
    assert owned_sizes(heap).tolist() == [owned(heap, sv).bytes for sv in range(heap.n)]
    assert structure_sizes(heap).tolist() == [structure(heap, sv).bytes for sv in range(heap.n)]


@pytest.mark.parametrize("dump", named(own_dumps()[::14]))
def test_sizes_of_all_svs_are_those_of_each(dump: Path) -> None:
    _same_as_one_by_one(heap_of(dump))


@needs_corpus
@pytest.mark.parametrize("dump", named([path for path in corpus_dumps() if path.name.startswith(("c_", "m_"))][::4]))
def test_sizes_of_all_svs_are_those_of_each_in_every_format(dump: Path) -> None:
    _same_as_one_by_one(heap_of(dump))


def test_what_immortals_own_is_in_no_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sum_up = dominators.sum_up

    def checked(parents: Array, nodes: Array, weight: Array) -> None:
        # The compiled kernel would write behind the end.
        assert parents.max(initial=0) < len(parents)
        sum_up(parents, nodes, weight)

    monkeypatch.setattr(dominators, "sum_up", checked)
    writer = DumpWriter()
    writer.scalar(0x1000, iv=1)
    writer.ref(0x1100, 0x1000)
    for immortal in writer.immortals:
        writer.scalar(0x2000 + immortal, iv=1)
        writer.magic(immortal, b"~", object=0x2000 + immortal, counted=True)
    path = tmp_path / "a.pmat"
    path.write_bytes(writer.to_bytes())
    heap = load(path)
    assert heap.out_start[heap.n + 3] - heap.out_start[heap.n] == len(writer.immortals)
    _same_as_one_by_one(heap)


def test_the_largest_of_no_svs_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.pmat"
    path.write_bytes(DumpWriter().to_bytes())
    heap = load(path)
    for measure in (by_itself, by_structure, by_owned):
        assert largest_text(largest_tree(heap, measure(heap), (5, 3))).plain == "no SVs\n"


def test_some_svs_have_several_owners(demo_dump: Path) -> None:
    """So the part of the sum that adds what is shared is tried, too."""
    heap = heap_of(demo_dump)
    owners = np.zeros(heap.n, np.int64)
    for sv in range(heap.n):
        rows = slice(*heap.out_start[sv : sv + 2])
        inside = heap.out_target[rows][(heap.out_strength[rows] & 1) != 0]
        owners[np.unique(inside[(inside < heap.n) & (inside != sv)])] += 1
    assert ((owners > 1) & (heap.refcount[: heap.n] == 1)).any()


@pytest.mark.parametrize("measure", [by_itself, by_structure, by_owned])
def test_the_first_level_and_the_others_are_the_heap(demo_dump: Path, measure: Callable[[Heap], Measure]) -> None:
    heap = heap_of(demo_dump)
    rows = largest_tree(heap, measure(heap), (4, 2)).rows
    top = [row for row in rows if row.depth == 0]
    assert [row.values[1] == OTHERS for row in top] == [False] * 4 + [True]
    told = {heap.id_at(int(str(row.values[0]))) for row in rows if row.values[0] is not None}
    if measure is by_owned:
        told |= {int(one) for row in top[:4] for one in owned_svs(heap, heap.id_at(int(str(row.values[0]))))}
    if measure is not by_structure:
        assert sum(int(heap.size[sv]) for sv in told) + int(str(top[-1].values[2])) == heap.bytes
    sizes = [int(str(row.values[2])) for row in top[:4]]
    assert sizes == sorted(sizes, reverse=True)


def test_largest_of_which_is_said_where_something_follows(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    lines = largest_text(largest_tree(heap, by_owned(heap), (3, 2))).plain.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert line.endswith(": of which") == (following.startswith(" |   ") and not line.startswith(" |"))


@pytest.mark.parametrize("seed", range(30))
def test_svs_with_many_owners_count_once_in_each(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randrange(5, 60)
    writer = DumpWriter()
    for sv in range(count):
        # Every few seeds there are cycles, too.
        first = sv + 1 if seed % 3 else 0
        targets = [0x1000 + 0x100 * chance.randrange(first, count) for _ in range(chance.randrange(4)) if first < count]
        writer.array(0x1000 + 0x100 * sv, targets, refcount=1, size=chance.randrange(1, 1000))
    path = tmp_path / "a.pmat"
    path.write_bytes(writer.to_bytes())
    _same_as_one_by_one(load(path))


def test_so_many_owners_that_it_would_take_minutes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_sizes, "_MOST_STEPS", 10)
    writer = DumpWriter()
    for sv in range(20):
        targets = [0x1000 + 0x100 * target for target in (sv + 1, sv + 2)]
        writer.array(0x1000 + 0x100 * sv, targets, refcount=1)
    path = tmp_path / "a.pmat"
    path.write_bytes(writer.to_bytes())
    with pytest.raises(PmatError, match="several owners"):
        owned_sizes(load(path))
