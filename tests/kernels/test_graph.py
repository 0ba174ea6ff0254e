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


@given(edges, st.lists(st.integers(0, 1), min_size=NODES, max_size=NODES), st.integers(0, NODES - 1))
def test_the_nodes_of_all_shortest_cycles_are_those_that_are_near_enough_on_both_sides(
    pairs: list[tuple[int, int]], components: list[int], first: int
) -> None:
    component = np.array(components, np.int32)
    distance, queue = np.zeros((2, NODES), np.int32)
    length, found = graph.shortest_cycles(*csr(pairs), component, first, distance, queue)
    inner = [(source, target) for source, target in pairs if components[source] == components[target]]
    inner = [pair for pair in inner if components[pair[0]] == components[first]]
    there = steps_from(inner, first)
    back = steps_from([(target, source) for source, target in inner], first)
    rounds = [there[source] + 1 for source, target in inner if target == first and source in there]
    assert length == min(rounds, default=0)
    wanted = {
        node: there[node] + 1 for node in there if length and (node == first or on_round(node, there, back, length))
    }
    assert {node: steps for node, steps in enumerate(distance.tolist()) if steps} == wanted
    assert sorted(queue[:found].tolist()) == sorted(wanted)
    assert [wanted[node] for node in queue[:found].tolist()] == sorted(wanted.values())


def on_round(node: int, there: dict[int, int], back: dict[int, int], length: int) -> bool:
    """Whether the way to a node and that back are together as long as a shortest cycle."""
    return node in back and there[node] + back[node] == length


def steps_from(pairs: list[tuple[int, int]], start: int) -> dict[int, int]:
    """Of each node that is reached how many edges lead to it, by going round until nothing is new."""
    steps = {start: 0}
    while new := {target: steps[source] + 1 for source, target in pairs if source in steps and target not in steps}:
        nearest = min(new.values())
        steps.update({node: count for node, count in new.items() if count == nearest})
    return steps


@given(edges, st.sets(st.integers(0, NODES - 1)), st.sets(st.integers(0, NODES - 1)), st.integers(0, 40))
def test_crossing_finds_the_edges_from_one_set_to_another(
    pairs: list[tuple[int, int]], sources: set[int], targets: set[int], room: int
) -> None:
    start, target, _ = csr(pairs)
    masks = np.zeros((2, NODES), np.uint8)
    masks[0][list(sources)] = masks[1][list(targets)] = 1
    rows = np.full(room, -1, np.int32)
    wanted = [row for source, row in edges_of(start) if source in sources and target[row] in targets]
    assert graph.crossing(start, target, masks[0], masks[1], rows) == len(wanted)
    assert rows.tolist() == (wanted + [-1] * room)[:room]


@given(edges)
def test_cyclic_components_are_those_that_lead_to_themselves(pairs: list[tuple[int, int]]) -> None:
    component = np.full(NODES, -1, np.int32)
    order, low, stack, path = np.zeros((4, NODES), np.int32)
    count = graph.strong_components(*csr(pairs), component, order, low, stack, path, np.zeros(NODES, np.int32))
    cyclic = np.zeros(count, np.uint8)
    graph.mark_cyclic(*csr(pairs), np.arange(NODES, dtype=np.int32), component, cyclic)
    for node in range(NODES):
        behind = {target for source, target in pairs if source == node}
        assert cyclic[component[node]] == (node in reached_from(pairs, behind))


def edges_of(start: I32) -> list[tuple[int, int]]:
    """(node, edge) of each edge."""
    return [(node, row) for node in range(NODES) for row in range(start[node], start[node + 1])]
