"""The kernel grows the trees that a slow program with sets grows."""

from __future__ import annotations

from collections import deque
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmat_lsp.heap.references import to_csr
from pmat_lsp.kernels import forest as installed
from tests.kernels.test_compiled import plain

NODES = 9
node = st.integers(0, NODES - 1)
edges = st.lists(st.tuples(node, node, st.integers(1, 2)), max_size=40)


def slow(
    edges: list[tuple[int, int, int]], beyond: dict[int, int], wanted: set[int]
) -> tuple[list[int], list[int], list[int]]:
    """(the nodes in the order in which they are reached, -1 first; the place of what each is under; how deep it is)."""
    order, parent, depth = [-1], [0], [0]
    left = set(wanted)
    for top in sorted(wanted):
        if top not in left:
            continue
        queue = deque([top])
        left.remove(top)
        order.append(top)
        parent.append(0)
        depth.append(1)
        while queue:
            at = queue.popleft()
            direct = {to for source, to, _ in edges if source == at}
            farther = {to for over in direct for source, to, kind in edges if source == over and kind == beyond[over]}
            found = sorted((direct | farther) & left)
            left.difference_update(found)
            queue.extend(found)
            place = order.index(at)
            order += found
            parent += [place] * len(found)
            depth += [depth[place] + 1] * len(found)
    return order, parent, depth


def grown(
    kernel: ModuleType, edges: list[tuple[int, int, int]], beyond: dict[int, int], wanted: set[int]
) -> tuple[list[int], list[int], list[int]]:
    """The same from a kernel."""
    columns = np.array(edges, np.int32).reshape(-1, 3)
    start, rows = to_csr(columns[:, 0], NODES)
    target, kind = np.ascontiguousarray(columns[rows, 1]), columns[rows, 2].astype(np.uint8)
    over = np.array([beyond[int(to)] for to in target], np.uint8)
    unreached = np.isin(np.arange(NODES), list(wanted)).astype(np.uint8)
    order, parent, depth = (np.full(len(wanted) + 1, 77, np.int32) for _ in range(3))
    tops, passed = np.array(sorted(wanted), np.int32), np.zeros(NODES, np.uint8)
    filled = kernel.grow(start, target, kind, over, tops, unreached, passed, order, parent, depth)
    assert filled == len(wanted) + 1
    assert not unreached.any()
    return order.tolist(), parent.tolist(), depth.tolist()


@pytest.mark.parametrize("kernel", [installed, plain("forest")], ids=["installed", "plain"])
@settings(deadline=None)
@given(edges, st.lists(st.integers(0, 2), min_size=NODES, max_size=NODES), st.sets(node))
def test_trees_are_those_of_a_slow_program(
    kernel: ModuleType, edges: list[tuple[int, int, int]], kinds: list[int], wanted: set[int]
) -> None:
    beyond = dict(enumerate(kinds))
    assert grown(kernel, edges, beyond, wanted) == slow(edges, beyond, wanted)


@pytest.mark.parametrize("kernel", [installed, plain("forest")], ids=["installed", "plain"])
@given(st.permutations(range(1, NODES)))
def test_what_a_node_leads_to_is_sorted_whatever_its_edges_are(kernel: ModuleType, targets: list[int]) -> None:
    order, _, _ = grown(kernel, [(0, to, 1) for to in targets], dict.fromkeys(range(NODES), 0), set(range(NODES)))
    assert order == [-1, *range(NODES)]
