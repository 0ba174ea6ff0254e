"""The structural and the owned size of every SV at once; `analysis.size` says what they mean."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.ownership import components_among
from pmat_lsp.analysis.size import owning, structural
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.references import to_csr
from pmat_lsp.kernels import dominators

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
_OFTEN = 256


def structure_sizes(heap: Heap) -> U64:
    """uint64[n]: bytes of each SV and its parts; a part of several SVs counts in each."""
    rows = structural(heap, slice(None)) & (heap.out_target < heap.n)
    sums = np.zeros(len(rows) + 1, np.uint64)
    np.cumsum(np.where(rows, heap.size[heap.out_target], np.uint64(0)), out=sums[1:])
    start = heap.out_start[: heap.n + 1]
    return heap.size[: heap.n] + sums[start[1:]] - sums[start[:-1]]


def owned_sizes(heap: Heap, progress: Progress = no_progress) -> U64:
    """uint64[n]: bytes of all that each SV owns: what its strong references lead to where each has a refcount of 1.

    Nearly always such an SV has one owner, so the owners are trees, and a sum from their leaves gives each its size.
    Cycles are made one node first. What has several owners all the same (by plain pointers) is cut off the trees, and
    then added once to each SV that leads to it.
    """
    progress("owned sizes", 0, 1)
    owns = owning(heap)
    # What is said about an immortal may refer to something; but immortals have no size, and are in no component.
    owns[int(heap.out_start[heap.n]) :] = 0
    component, count = components_among(heap, owns, np.arange(heap.n))
    rows = np.flatnonzero(owns)
    sources, targets = component[heap.out_source[rows]].astype(np.int64), component[heap.out_target[rows]]
    between = distinct((sources * count + targets)[sources != targets])
    # A component has a larger number than those that it leads to; from here on the owners come first, behind a root.
    owner, thing = ((count - part).astype(np.int32) for part in np.divmod(between, max(count, 1)))
    weight, parent = np.zeros(count + 1, np.uint64), np.zeros(count + 1, np.int32)
    np.add.at(weight, count - component[: heap.n], heap.size[: heap.n])
    owners = np.bincount(thing, minlength=count + 1)
    alone = owners[thing] == 1
    parent[thing[alone]] = owner[alone]
    dominators.sum_up(parent, np.empty(count + 1, np.int32), weight)
    _add_shared(weight, owner, thing, np.flatnonzero(owners > 1), progress)
    owned: U64 = weight[count - component[: heap.n]]
    return owned


def _add_shared(weight: U64, owner: I32, thing: I32, shared: Iterable[int], progress: Progress) -> None:
    """Add what has several owners to each of those that lead to it; `weight` is that of the trees, in and out."""
    start, order = to_csr(thing, len(weight))
    own = weight.copy()
    shared = list(shared)
    for done, one in enumerate(shared):
        if done % _OFTEN == 0:
            progress("owned sizes", done, len(shared))
        seen, todo = {one}, [one]
        while todo:
            at = todo.pop()
            above = {int(owner[row]) for row in order[start[at] : start[at + 1]].tolist()} - seen
            seen |= above
            todo += above
        weight[list(seen - {one})] += own[one]
