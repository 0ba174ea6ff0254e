"""The dominator kernel gives the answers of a slow program that takes each node away and looks what is lost."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmat_lsp.analysis import retained
from pmat_lsp.analysis.ownership import find_ownership
from pmat_lsp.analysis.retained import retained_sizes
from pmat_lsp.heap.references import to_csr
from pmat_lsp.kernels import dominators as installed
from tests.dumps import ROOT, heap_of

I32 = npt.NDArray[np.int32]
Pairs = list[tuple[int, int]]

NODES = 12
SUPER = NODES
node = st.integers(0, NODES - 1)
edges = st.lists(st.tuples(node, node), max_size=40)
entries = st.sets(node, min_size=1, max_size=4)


def uncompiled() -> ModuleType:
    """The kernel as plain Python, whatever is installed."""
    path = ROOT / "pmat_lsp" / "kernels" / "dominators.py"
    spec = importlib.util.spec_from_file_location("uncompiled_dominators", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Solved:
    """What the kernel says of a graph, by place."""

    order: I32
    idom: I32

    def by_node(self) -> dict[int, int]:
        """Each node's immediate dominator."""
        return {int(self.order[i]): int(self.order[self.idom[i]]) for i in range(1, len(self.order))}


def solve(pairs: Pairs, starts: Iterable[int], nodes: int = NODES, kernel: ModuleType = installed) -> Solved:
    """Run the kernel on a graph with all edges followed."""
    edges = np.array(pairs, np.int32).reshape(-1, 2)
    return solve_columns(edges[:, 0], edges[:, 1], np.array(sorted(starts), np.int32), nodes, kernel)


def solve_columns(
    source: I32,
    target: I32,
    starts: I32,
    nodes: int,
    kernel: ModuleType = installed,
    followed: object = None,
    at_a_time: int = 1 << 30,
) -> Solved:
    """Run the kernel on a graph of columns; `followed` is the mask, by edge; so many places are looked at in a call."""
    start, by_source = to_csr(source, nodes)
    source, target = np.ascontiguousarray(source[by_source]), np.ascontiguousarray(target[by_source])
    in_start, in_ref = to_csr(target, nodes)
    follow = np.ones(len(source), np.uint8) if followed is None else np.asarray(followed, np.uint8)[by_source]
    entry = np.zeros(nodes, np.uint8)
    entry[starts] = 1
    order, place, above, semi, label, bucket, idom = (np.full(nodes + 1, 77, np.int32) for _ in range(7))
    stack = np.full(nodes + 1, 77, np.int32)
    reached = kernel.walk(start, target, follow, entry, order, place, above, stack)
    incoming = (in_start, in_ref, source, follow, entry)
    for high in range(reached, 0, -at_a_time):
        given = (*incoming, reached, order, place, above, semi, label, bucket, stack, idom)
        kernel.immediate_dominators(*given, high, max(0, high - at_a_time))
    return Solved(order[:reached], idom[:reached])


def reached_without(pairs: Pairs, starts: set[int], gone: int | None) -> set[int]:
    """What the super-root leads to when one node is taken away."""
    seen = starts - {gone}
    while new := {j for i, j in pairs if i in seen and j != gone} - seen:
        seen |= new
    return seen


def dominated(pairs: Pairs, starts: set[int]) -> dict[int, set[int]]:
    """Each node that is reached → its dominators, the super-root and itself included."""
    reached = reached_without(pairs, starts, None)
    lost = {gone: reached - reached_without(pairs, starts, gone) for gone in reached}
    return {node: {gone for gone in reached if node in lost[gone]} | {SUPER, node} for node in reached}


def by_brute_force(pairs: Pairs, starts: set[int]) -> dict[int, int]:
    """Each node's immediate dominator: the one of its dominators that has all others of them."""
    above = dominated(pairs, starts)
    above[SUPER] = {SUPER}
    return {
        node: max(holders - {node}, key=lambda holder: len(above[holder]))
        for node, holders in above.items()
        if node != SUPER
    }


@given(edges, entries)
@settings(max_examples=600, deadline=None)
def test_dominators_are_those_without_which_a_node_is_lost(pairs: Pairs, starts: set[int]) -> None:
    assert solve(pairs, starts).by_node() == by_brute_force(pairs, starts)


@given(edges, entries, st.data())
@settings(max_examples=150, deadline=None)
def test_edges_that_the_mask_forbids_are_not_there(pairs: Pairs, starts: set[int], data: st.DataObject) -> None:
    followed = data.draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    columns = np.array(pairs, np.int32).reshape(-1, 2)
    solved = solve_columns(columns[:, 0], columns[:, 1], np.array(sorted(starts)), NODES, followed=followed)
    kept = [pair for pair, there in zip(pairs, followed, strict=True) if there]
    assert solved.by_node() == by_brute_force(kept, starts)


@given(edges, entries)
@settings(max_examples=150, deadline=None)
def test_uncompiled_gives_the_same_columns(pairs: Pairs, starts: set[int]) -> None:
    plain = uncompiled()
    ours, theirs = solve(pairs, starts), solve(pairs, starts, kernel=plain)
    assert ours.order.tolist() == theirs.order.tolist()
    assert ours.idom.tolist() == theirs.idom.tolist()
    assert tree(ours, installed) == tree(theirs, plain)


@given(edges, entries, st.integers(1, NODES))
@settings(max_examples=150, deadline=None)
def test_in_several_calls_the_dominators_are_the_same(pairs: Pairs, starts: set[int], at_a_time: int) -> None:
    columns = np.array(pairs, np.int32).reshape(-1, 2)
    given = (columns[:, 0], columns[:, 1], np.array(sorted(starts)), NODES)
    assert solve_columns(*given, at_a_time=at_a_time).by_node() == solve_columns(*given).by_node()


def tree(solved: Solved, kernel: ModuleType) -> tuple[list[int], list[int], list[int]]:
    """(nodes, weight, position) of every subtree; node i weighs 10 + i."""
    count = len(solved.idom)
    sizes, free, position = (np.full(count, 77, np.int32) for _ in range(3))
    weight = (10 + solved.order).astype(np.uint64)
    kernel.sum_up(solved.idom, sizes, weight)
    kernel.number_subtrees(solved.idom, sizes, free, position)
    return sizes.tolist(), weight.tolist(), position.tolist()


@given(edges, entries)
@settings(max_examples=150, deadline=None)
def test_a_subtree_is_all_that_its_root_dominates_and_a_range_of_positions(pairs: Pairs, starts: set[int]) -> None:
    solved = solve(pairs, starts)
    sizes, weight, position = tree(solved, installed)
    assert sorted(position) == list(range(len(solved.order)))
    holders = dominated(pairs, starts)
    place = {int(node): i for i, node in enumerate(solved.order)}
    for node, i in place.items():
        below = {other for other, its in holders.items() if node in its} | {node}
        assert sizes[i] == len(below)
        assert weight[i] == sum(10 + other for other in below)
        assert {position[place[other]] for other in below} == set(range(position[i], position[i] + sizes[i]))


def test_uncompiled_gives_the_same_sizes_of_a_real_heap(demo_dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heap = heap_of(demo_dump)
    ownership = find_ownership(heap)
    ours = retained_sizes(heap, ownership)
    monkeypatch.setattr(retained, "dominators", uncompiled())
    theirs = retained_sizes(heap, ownership)
    for column in ("idom", "bytes", "svs", "position", "by_position"):
        assert (getattr(ours, column) == getattr(theirs, column)).all()


def test_in_a_chain_each_node_is_dominated_by_the_one_before() -> None:
    assert solve([(i, i + 1) for i in range(NODES - 1)], [0]).by_node() == {
        0: SUPER,
        **{i + 1: i for i in range(NODES - 1)},
    }


def test_where_two_ways_meet_the_fork_dominates() -> None:
    assert solve([(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)], [0]).by_node() == {0: SUPER, 1: 0, 2: 0, 3: 0, 4: 3}


def test_a_loop_that_is_entered_at_two_places_is_dominated_by_neither() -> None:
    # The textbook's irreducible graph, and a second one behind it.
    pairs = [(0, 1), (0, 2), (1, 2), (2, 1), (1, 3), (2, 4), (3, 4), (4, 3), (3, 5), (5, 4)]
    assert solve(pairs, [0]).by_node() == {0: SUPER, 1: 0, 2: 0, 3: 0, 4: 0, 5: 3}


def test_what_nothing_leads_to_is_left_out() -> None:
    assert solve([(0, 1), (2, 1), (2, 3)], [0]).order.tolist() == [SUPER, 0, 1]


@pytest.mark.skipif(str(installed.__file__).endswith(".py"), reason="the kernels are not compiled")
@pytest.mark.parametrize("registered", [False, True], ids=["chain", "chain whose values a registry holds"])
def test_a_list_of_a_million_takes_linear_time(registered: bool) -> None:
    length = 500_000
    chain = np.arange(length, dtype=np.int32)
    values, registry = chain + length, 2 * length
    source = np.concatenate((chain[:-1], chain))
    target = np.concatenate((chain[1:], values))
    if registered:
        source = np.concatenate((source, np.full(length, registry, np.int32)))
        target = np.concatenate((target, values))
    began = time.perf_counter()
    solved = solve_columns(source, target, np.array([0, registry], np.int32), 2 * length + 1)
    assert time.perf_counter() - began < 5
    idom = np.empty(2 * length + 2, np.int32)
    idom[solved.order] = solved.order[solved.idom]
    assert (idom[1:length] == chain[:-1]).all()
    assert (idom[values] == (2 * length + 1 if registered else chain)).all()
