"""The structural and the owned size of every SV at once; `analysis.size` says what they mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.dominance import dominators_of
from pmat_lsp.analysis.ownership import components_among
from pmat_lsp.analysis.size import owning, structural
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.references import to_csr
from pmat_lsp.kernels import dominators

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
_STAGE = "owned sizes"
_OFTEN = 256
_MOST_STEPS = 5_000_000
"""Steps from what has several owners up to its dominator; they take seconds."""


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
    Cycles are made one node first. What has several owners all the same (by plain pointers) hangs below its immediate
    dominator, and is then added once to each SV between the two.

    Raises:
        PmatError: so much has several owners that this would take minutes.
    """
    progress(_STAGE, 0, 1)
    owns = owning(heap)
    # What is said about an immortal may refer to something; but immortals have no size, and are in no component.
    owns[int(heap.out_start[heap.n]) :] = 0
    component, count = components_among(heap, owns, np.arange(heap.n))
    progress(_STAGE, 0, 1)
    rows = np.flatnonzero(owns)
    sources, targets = component[heap.out_source[rows]].astype(np.int64), component[heap.out_target[rows]]
    progress(_STAGE, 0, 1)
    between = distinct((sources * count + targets)[sources != targets])
    progress(_STAGE, 0, 1)
    # A component has a larger number than those that it leads to; from here on the owners come first, behind a root.
    owner, thing = ((count - part).astype(np.int32) for part in np.divmod(between, max(count, 1)))
    weight = np.zeros(count + 1, np.uint64)
    np.add.at(weight, count - component[: heap.n], heap.size[: heap.n])
    progress(_STAGE, 0, 1)
    owners = np.bincount(thing, minlength=count + 1)
    shared = np.flatnonzero(owners > 1)
    parent: I32 = np.zeros(count + 1, np.int32)
    parent[thing] = owner
    if len(shared):
        parent = _dominators(owner, thing, owners, progress)
    dominators.sum_up(parent, np.empty(count + 1, np.int32), weight)
    _add_shared(weight, owner, thing, parent, shared, progress)
    owned: U64 = weight[count - component[: heap.n]]
    return owned


def _dominators(owner: I32, thing: I32, owners: npt.NDArray[np.intp], progress: Progress) -> I32:
    """int32[nodes]: the immediate dominator of each thing, 0 for those that nothing owns."""
    nodes = len(owners)
    out_start, order = to_csr(owner, nodes)
    source, target = owner[order], thing[order]
    in_start, in_ref = to_csr(target, nodes)
    follow, entry = np.ones(len(target), np.uint8), (owners == 0).view(np.uint8)
    node, idom = dominators_of((out_start, target, in_start, in_ref, source), follow, entry, _STAGE, progress)
    parent = np.zeros(nodes + 1, np.int32)
    parent[node] = node[idom]
    # Below the super-root, whose number is that of nodes, hangs what nothing owns.
    parent[parent == nodes] = 0
    return parent[:nodes]


def _add_shared(
    weight: U64, owner: I32, thing: I32, parent: I32, shared: npt.NDArray[np.intp], progress: Progress
) -> None:
    """Add what has several owners to each SV that leads to it and does not dominate it.

    What such an SV x leads to beyond its own tree falls into trees, each under a thing that x leads to and whose
    immediate dominator x does not lead to. So it is enough to go from each thing up to its dominator.

    Args:
        weight: uint64[nodes], in: the sums of the dominator tree, out: of all that each leads to.
        owner: int32[any], with `thing` the edges.
        thing: int32[any].
        parent: int32[nodes], the dominator tree.
        shared: what has several owners.
        progress: is told how far this is.

    Raises:
        PmatError: this takes more than `_MOST_STEPS`.
    """
    start, order = to_csr(thing, len(weight))
    trees, steps = weight.copy(), 0
    for done, one in enumerate(shared.tolist()):
        if done % _OFTEN == 0:
            progress(_STAGE, done, len(shared))
        between: set[int] = set()
        todo = [one]
        while todo:
            at = todo.pop()
            above = set(owner[order[start[at] : start[at + 1]]].tolist()) - between - {int(parent[one])}
            between |= above
            todo += above
            steps += len(above) + 1
            if steps > _MOST_STEPS:
                raise PmatError("owned sizes: too many SVs have several owners", "Use retained sizes: --retained.")
        weight[list(between)] += trees[one]
