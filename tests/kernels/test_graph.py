"""The graph kernels give the answers of slow and simple programs on random graphs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.heap.references import to_csr
from pmat_lsp.kernels import graph

NODES = 12
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
edges = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.booleans()), max_size=30).map(
    lambda rows: [(source, target) for source, target, _ in rows]
)


def csr(pairs: list[tuple[int, int]]) -> tuple[I32, I32, U8]:
    """(start, target, follow) of a graph with all edges followed."""
    source = np.array([pair[0] for pair in pairs], np.int32)
    target = np.array([pair[1] for pair in pairs], np.int32)
    start, order = to_csr(source, NODES)
    return start, target[order], np.ones(len(pairs), np.uint8)


def reached_from(pairs: list[tuple[int, int]], starts: set[int]) -> set[int]:
    """By going round until nothing is new."""
    seen = set(starts)
    while new := {target for source, target in pairs if source in seen} - seen:
        seen |= new
    return seen


@given(edges, st.sets(st.integers(0, NODES - 1)))
def test_reach_finds_what_going_round_finds(pairs: list[tuple[int, int]], starts: set[int]) -> None:
    seen, queue = np.zeros(NODES, np.uint8), np.zeros(NODES, np.int32)
    seen[list(starts)] = 1
    queue[: len(starts)] = sorted(starts)
    count = graph.reach(*csr(pairs), seen, queue, len(starts))
    wanted = reached_from(pairs, starts)
    assert set(np.flatnonzero(seen).tolist()) == wanted
    assert set(queue[:count].tolist()) == wanted


@given(edges)
def test_reach_does_not_follow_what_the_mask_forbids(pairs: list[tuple[int, int]]) -> None:
    start, target, follow = csr(pairs)
    seen, queue = np.zeros(NODES, np.uint8), np.zeros(NODES, np.int32)
    seen[0] = 1
    assert graph.reach(start, target, follow * 0, seen, queue, 1) == 1


@given(edges, st.sets(st.integers(0, NODES - 1)))
def test_components_are_the_sets_of_mutually_reachable_nodes(pairs: list[tuple[int, int]], absent: set[int]) -> None:
    component = np.full(NODES, -1, np.int32)
    component[list(absent)] = -2
    order, low, stack, path = np.zeros((4, NODES), np.int32)
    count = graph.strong_components(*csr(pairs), component, order, low, stack, path, np.zeros(NODES, np.int32))
    there = [(source, target) for source, target in pairs if not {source, target} & absent]
    ways = {node: reached_from(there, {node}) for node in range(NODES)}
    present = set(range(NODES)) - absent
    for one in present:
        for other in present:
            together = other in ways[one] and one in ways[other]
            assert (component[one] == component[other]) == together
            assert together or other not in ways[one] or component[one] > component[other]
    assert {int(number) for number in component[list(present)]} == set(range(count))
    assert all(component[node] == -2 for node in absent)


@given(edges, st.integers(1, 3))
def test_a_node_belongs_to_the_owner_without_which_no_owner_reaches_it(
    pairs: list[tuple[int, int]], owners: int
) -> None:
    # Owners are the first nodes; the others form no cycle, as in the condensed graph of islands.
    pairs = [(source, target) for source, target in pairs if source < owners or source < target]
    owner = np.full(NODES, -1, np.int32)
    owner[:owners] = range(owners)
    own = (owner >= 0).astype(np.uint8)
    graph.sole_owners(*csr(pairs), np.arange(NODES, dtype=np.int32), own, owner)
    inner = [(source, target) for source, target in pairs if target >= owners]
    reached = [reached_from(inner, {number}) for number in range(owners)]
    for node in range(owners, NODES):
        holders = [number for number in range(owners) if node in reached[number]]
        outside = {source for source, target in inner if target == node} - set().union(*reached)
        if not outside:
            wanted = -1 if not holders else holders[0] if len(holders) == 1 else -2
            mixed = any(
                not any(above in way for way in reached)
                for above in range(owners, NODES)
                if node in reached_from(inner, {above}) and above != node
            )
            assert mixed or owner[node] == wanted
