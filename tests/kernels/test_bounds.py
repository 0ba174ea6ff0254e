"""A number that leads out of an array is an error of each kernel, never a read or write outside of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from pmat_lsp.kernels import dominators, forest, graph, interning, linking
from tests.kernels.test_compiled import is_compiled


def ids(*values: int) -> npt.NDArray[np.int32]:
    return np.array(values, np.int32)


def marks(*values: int) -> npt.NDArray[np.uint8]:
    return np.array(values, np.uint8)


def words(*values: int) -> npt.NDArray[np.uint64]:
    return np.array(values, np.uint64)


def offsets(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, np.int64)


CALLS: dict[str, Callable[[], object]] = {
    "reach-target": lambda: graph.reach(ids(0, 1, 1), ids(1 << 30), marks(1), marks(1, 0), ids(0, 0), 1),
    "reach-negative": lambda: graph.reach(ids(0, 1, 1), ids(-(1 << 30)), marks(1), marks(1, 0), ids(0, 0), 1),
    "reach-start": lambda: graph.reach(ids(0, 1 << 30, 1), ids(1), marks(1), marks(1, 0), ids(0, 0), 1),
    "reach-queue": lambda: graph.reach(ids(0, 1, 1), ids(1), marks(1), marks(1, 0), ids(0), 1),
    "components": lambda: graph.strong_components(
        ids(0, 1), ids(1 << 30), marks(1), ids(-1), ids(0), ids(0), ids(0), ids(0), ids(0)
    ),
    "owners": lambda: graph.sole_owners(ids(0, 1), ids(1 << 30), marks(1), ids(0), marks(0), ids(0)),
    "cycles": lambda: graph.shortest_cycles(ids(0, 1), ids(1 << 30), marks(1), ids(0), 0, ids(0), ids(0)),
    "crossing": lambda: graph.crossing(ids(0, 1), ids(1 << 30), marks(1), marks(1), ids()),
    "cyclic": lambda: graph.mark_cyclic(ids(0, 1), ids(0), marks(1), ids(0), ids(1 << 30), marks(0)),
    "sort": lambda: linking.count_sort(ids(1 << 30), ids(0, 0), ids(0)),
    "find": lambda: linking.find(words(0), words(1), ids(), 0, ids(0, 1), 0, words(), words(0), ids(0)),
    "addresses": lambda: linking.addresses(words(0, 1), words(1), ids(0, 1, 2), 0, offsets(1), words(0)),
    "walk": lambda: dominators.walk(
        ids(0, 1), ids(1 << 30), marks(1), marks(1), ids(0, 0), ids(0, 0), ids(0, 0), ids(0, 0)
    ),
    "sums": lambda: dominators.sum_up(ids(0, 1 << 30), ids(0, 0), words(0, 0)),
    "subtrees": lambda: dominators.number_subtrees(ids(0, 1 << 30), ids(2, 1), ids(0, 0), ids(0, 0)),
    "forest": lambda: forest.grow(
        ids(0, 1), ids(1 << 30), marks(1), marks(0), ids(0), marks(1), marks(0), ids(0, 0), ids(0, 0), ids(0, 0)
    ),
    "strings": lambda: interning.first_equal(marks(1), offsets(0), offsets(1 << 40), 0, ids(-1, -1), ids(0)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.skipif(not is_compiled(graph), reason="the kernels are not compiled here: no C compiler")
def test_what_leads_out_of_an_array_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(IndexError):
        call()
