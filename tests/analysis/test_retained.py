"""Retained sizes add up, agree with the islands, and count nothing twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.analysis.dominators import dominator_tree
from pmat_lsp.analysis.instances import class_table, package_table
from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.analysis.ownership import Ownership, find_ownership, root_ids
from pmat_lsp.analysis.retained import Retained, retained_sizes
from pmat_lsp.analysis.tables import Tree
from pmat_lsp.format.kinds import Strength
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from tests.analysis.test_ownership import SVS, RandomHeap, closure, heaps, no_reset
from tests.dump_writer import DumpWriter
from tests.dumps import corpus_dumps, heap_of, named, needs_corpus, own_dumps


def sizes_of(dump: Path) -> tuple[Heap, Retained]:
    heap = heap_of(dump)
    return heap, retained_sizes(heap, find_ownership(heap))


def check(heap: Heap, ownership: Ownership, sizes: Retained) -> None:
    """What must be true of every heap."""
    n, top = heap.n, sizes.super_root
    assert int(sizes.bytes[top]) == heap.bytes
    assert int(sizes.svs[top]) == n
    assert sorted(sizes.by_position.tolist()) == [*range(n), top]
    assert (sizes.idom[:n] >= 0).all()
    assert (sizes.idom[n:top] == top).all()
    assert not sizes.bytes[n:top].any()
    total = heap.size[:n].copy()
    np.add.at(total, sizes.idom[:n][sizes.idom[:n] < n], sizes.bytes[:n][sizes.idom[:n] < n])
    assert (total == sizes.bytes[:n]).all()
    assert (sizes.idom[root_ids(heap)] == top).all()


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_each_sv_has_a_dominator_and_the_sizes_add_up(dump: Path) -> None:
    heap, sizes = sizes_of(dump)
    check(heap, find_ownership(heap), sizes)


@needs_corpus
@pytest.mark.parametrize("dump", named(corpus_dumps()))
def test_one_sv_of_each_island_retains_what_the_island_keeps_alive(dump: Path) -> None:
    heap = heap_of(dump)
    leaks = find_leaks(heap)
    sizes = retained_sizes(heap, leaks.ownership)
    check(heap, leaks.ownership, sizes)
    for finding in leaks.report.findings:
        numbers = leaks.islands.cycle[list(finding.islands)]
        members = [np.flatnonzero(leaks.islands.cycle == number) for number in numbers.tolist()]
        assert [int(sizes.bytes[svs].max()) for svs in members] == leaks.islands.bytes[numbers].tolist()
        assert [int(sizes.svs[svs].max()) for svs in members] == leaks.islands.svs[numbers].tolist()


@given(heaps)
@no_reset
def test_what_is_retained_is_what_no_entry_reaches_any_more(tmp_path: Path, random: RandomHeap) -> None:
    path = tmp_path / "random.pmat"
    random.write(path)
    heap = load(path)
    ownership = find_ownership(heap)
    sizes = retained_sizes(heap, ownership)
    check(heap, ownership, sizes)
    pairs = random.counted()
    entries = entries_of(random)
    assert closure(pairs, entries) == set(range(SVS))
    for sv in range(SVS):
        without = [(i, j) for i, j in pairs if sv not in (i, j)]
        kept = set(range(SVS)) - closure(without, entries - {sv})
        assert set(sizes.dominated(sv).tolist()) == kept
        assert int(sizes.bytes[sv]) == 10 * len(kept)


def entries_of(random: RandomHeap) -> set[int]:
    """The root, and the first array of each part that neither the root nor another part leads to."""
    pairs = random.counted()
    lost = set(range(SVS)) - closure(pairs, {random.root})
    ways = {sv: closure(pairs, {sv}) for sv in range(SVS)}
    led_to = {sv for sv in lost for other in lost if sv in ways[other] and other not in ways[sv]}
    return {random.root} | {min(ways[sv] & {one for one in lost if sv in ways[one]}) for sv in lost - led_to}


@given(heaps, st.data())
@no_reset
def test_outermost_leaves_out_what_another_of_its_group_dominates(
    tmp_path: Path, random: RandomHeap, data: st.DataObject
) -> None:
    path = tmp_path / "random.pmat"
    random.write(path)
    heap = load(path)
    sizes = retained_sizes(heap, find_ownership(heap))
    svs = np.array(data.draw(st.lists(st.integers(0, SVS - 1), unique=True)), np.int32)
    group = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(svs), max_size=len(svs))), np.int64)
    inside = [
        any(g == h and sv != other and sv in sizes.dominated(other) for other, h in zip(svs, group, strict=True))
        for sv, g in zip(svs, group, strict=True)
    ]
    assert sizes.outermost(svs, group).tolist() == [not yes for yes in inside]


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_children_are_the_svs_whose_dominator_a_node_is(dump: Path) -> None:
    heap, sizes = sizes_of(dump)
    for node in [sizes.super_root, *range(0, heap.n, 97)]:
        assert sizes.children(node).tolist() == np.flatnonzero(sizes.idom[: heap.n] == node).tolist()


def numbers(tree: Tree, column: int) -> list[int]:
    return [int(str(row.values[column])) for row in tree.rows]


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_the_tree_shows_the_heaviest_children_first_and_counts_the_others(dump: Path) -> None:
    heap, sizes = sizes_of(dump)
    tree = dominator_tree(heap, sizes, None, depth=2, width=4)
    assert [row.depth for row in tree.rows][:3] == [0, 1, 2]
    assert max(row.depth for row in tree.rows) == 2
    assert tree.rows[0].values[3:] == (heap.bytes, heap.n)
    tops = [row for row in tree.rows if row.depth == 1]
    weights = [int(str(row.values[3])) for row in tops]
    assert weights == sorted((int(x) for x in sizes.bytes[sizes.children(sizes.super_root)]), reverse=True)[:4]
    assert tree.rows[0].more == len(sizes.children(sizes.super_root)) - 4
    for row in tree.rows:
        if row.depth == 2:
            assert row.more == len(sizes.children(heap.id_at(int(str(row.values[0])))))


def test_a_list_and_a_wide_array_are_not_shown_whole(tmp_path: Path) -> None:
    """The indentation of a long list alone would be more text than there is memory."""
    writer, first = DumpWriter(), 0x100000
    writer.root("main_cv", first)
    for sv in range(1000):
        writer.array(first + 0x100 * sv, [first + 0x100 * (sv + 1)], refcount=1)
    wide = range(first + 0x100 * 1001, first + 0x100 * 51_001, 0x100)
    writer.array(first + 0x100 * 1000, list(wide), refcount=1)
    for address in wide:
        writer.scalar(address, iv=1)
    path = tmp_path / "a.pmat"
    path.write_bytes(writer.to_bytes())
    heap = load(path)
    sizes = retained_sizes(heap, find_ownership(heap))
    assert max(row.depth for row in dominator_tree(heap, sizes, None, depth=100_000, width=5).rows) == 200
    tree = dominator_tree(heap, sizes, heap.id_at(first + 0x100 * 1000), depth=1, width=100_000)
    assert len(tree.rows) + tree.rows[0].more == 50_001
    assert len(tree.rows) <= 20_001


def test_the_tree_of_one_sv_starts_there(demo_dump: Path) -> None:
    heap, sizes = sizes_of(demo_dump)
    heaviest = int(np.argmax(sizes.bytes[: heap.n]))
    tree = dominator_tree(heap, sizes, heaviest, depth=0, width=9)
    assert len(tree.rows) == 1
    assert tree.rows[0].values[0] == heap.address_of(heaviest)
    assert tree.rows[0].more == len(sizes.children(heaviest))


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_a_class_retains_the_union_of_what_its_objects_dominate(dump: Path) -> None:
    heap, sizes = sizes_of(dump)
    table = class_table(heap, sizes, 1000)
    found = {str(row[0]): row for row in table.rows}
    for stash in np.unique(heap.blessed[: heap.n][heap.blessed[: heap.n] >= 0]).tolist():
        objects = np.flatnonzero(heap.blessed[: heap.n] == stash)
        inside = {int(sv) for one in objects for sv in sizes.dominated(int(one))}
        row = found[heap.stash_name(stash) or "(without a name)"]
        wanted = (
            len(objects),
            int(heap.size[objects].sum()),
            int(heap.size[np.array(sorted(inside))].sum()),
            len(inside),
        )
        assert row[1:] == wanted
    assert [row[3] for row in table.rows] == sorted((int(str(row[3])) for row in table.rows), reverse=True)


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_a_package_retains_its_symbols_and_at_most_the_heap(dump: Path) -> None:
    heap, sizes = sizes_of(dump)
    table = package_table(heap, sizes, 3)
    assert len(table.rows) == 3
    assert table.more == len(heap.stashes.sv) - 3 or table.more > 0
    whole = {str(row[0]): row for row in package_table(heap, sizes, 10_000).rows}
    for row in whole.values():
        assert 0 < int(str(row[2])) <= heap.bytes
        assert int(str(row[3])) <= heap.bytes
        assert int(str(row[4])) <= heap.n
    assert "main" in whole


def test_what_a_root_and_a_leak_both_hold_neither_retains(tmp_path: Path) -> None:
    # Array 0 is a root; 1 and 2 are a leaked cycle; all hold array 3.
    random = RandomHeap(((3,), (2, 3), (1,), *([()] * 7)), (True,) * SVS, (0,) * SVS, 0)
    random.write(tmp_path / "shared.pmat")
    heap = load(tmp_path / "shared.pmat")
    sizes = retained_sizes(heap, find_ownership(heap))
    assert int(sizes.idom[3]) == sizes.super_root
    assert [int(sizes.bytes[sv]) for sv in (0, 1, 2, 3)] == [10, 20, 10, 10]
    assert Strength.COUNTED & heap.out_strength[0]
