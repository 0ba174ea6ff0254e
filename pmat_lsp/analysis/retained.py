"""Retained sizes: what each SV alone keeps alive, by the dominator tree of the ownership graph.

SV a dominates SV b when every chain of ownership from outside the heap to b goes through a: freeing a frees b. The
retained size of a is the size of all SVs that it dominates, itself included.

The references that count are those of `analysis.ownership`: among the lost SVs the ones that own a count, elsewhere
plain pointers too. "Outside the heap" is the super-root, a node of its own. It leads to all roots and, so that each SV
has a dominator, to one SV of each part that no root and no other part leads to: the object of a leaked cycle, if there
is one.

An SV that a root and a leaked island both hold is retained by neither, since freeing one of them does not free it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.dominance import dominators_of
from pmat_lsp.analysis.ownership import Ownership, components_among, root_ids
from pmat_lsp.format.kinds import Kind, Strength
from pmat_lsp.heap.distinct import first_of_each
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.kernels import dominators

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

_TELLING_KINDS = (Kind.CODE, Kind.HASH, Kind.ARRAY)
"""Of a leaked cycle without an object: the kinds that its part is best known by, best first."""


@dataclass(frozen=True)
class Retained:
    """The dominator tree. The super-root has the id n + 3; the immortals hang below it and retain nothing."""

    idom: I32
    """int32[n + 4]: the immediate dominator of each SV; -1 for the super-root."""
    bytes: U64
    """uint64[n + 4]: what each SV alone keeps alive, itself included; of the super-root: the whole heap."""
    svs: I32
    """int32[n + 4]: how many SVs that are."""
    position: I32
    """int32[n + 4]: where each SV stands in `by_position`; -1 for the immortals."""
    by_position: I32
    """int32[n + 1]: the super-root, then all SVs so that each is followed by the `svs - 1` that it dominates."""

    @property
    def super_root(self) -> int:
        """The id of the node from which all roots are reached."""
        return len(self.idom) - 1

    def children(self, sv: int) -> I32:
        """int32: the SVs whose immediate dominator an SV is, in the order of their ids."""
        start, stop = self._child_start[sv : sv + 2]
        return self._by_dominator[start:stop]

    def dominated(self, sv: int) -> I32:
        """int32: all SVs that an SV dominates, itself first."""
        at = int(self.position[sv])
        return self.by_position[at : at + int(self.svs[sv])]

    def outermost(self, svs: npt.NDArray[np.integer], group: npt.NDArray[np.integer]) -> Mask:
        """bool: of SVs in numbered groups, those that no other of the same group dominates; each must be given once."""
        nodes = len(self.by_position) + 1
        order = np.lexsort((self.position[svs], group))
        start = group[order].astype(np.int64) * nodes + self.position[svs[order]]
        end = np.maximum.accumulate(start + self.svs[svs[order]])
        is_outermost = np.ones(len(svs), np.bool_)
        is_outermost[order[1:]] = start[1:] >= end[:-1]
        return is_outermost

    @cached_property
    def _by_dominator(self) -> I32:
        """int32[n]: the SVs, sorted by dominator, then by id."""
        nodes = np.arange(len(self.by_position) - 1, dtype=np.int32)
        by_dominator: I32 = nodes[np.argsort(self.idom[nodes], kind="stable")]
        return by_dominator

    @cached_property
    def _child_start(self) -> npt.NDArray[np.int64]:
        """int64[n + 5]: where the children of each node start in `_by_dominator`."""
        counts = np.bincount(self.idom[: len(self.by_position) - 1], minlength=len(self.idom))
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))


def retained_sizes(heap: Heap, ownership: Ownership, progress: Progress = no_progress) -> Retained:
    """The dominator tree of a heap, with what each SV retains; `progress` is called every few milliseconds."""
    edges = (heap.out_start, heap.out_target, heap.in_start, heap.in_ref, heap.out_source)
    follow, entry = _followed(heap, ownership), _entries(heap, ownership)
    order, place_idom = dominators_of(edges, follow, entry, "retained sizes", progress)
    nodes, places = heap.n + 4, len(order)
    # What is not needed any more is let go: of a large heap each column takes as much as the answer.
    sizes, weight = np.empty(places, np.int32), np.zeros(places, np.uint64)
    weight[1:] = heap.size[order[1:]]
    dominators.sum_up(place_idom, sizes, weight)
    retained = np.zeros(nodes, np.uint64)
    retained[order] = weight
    del weight
    free, position = np.empty(places, np.int32), np.empty(places, np.int32)
    dominators.number_subtrees(place_idom, sizes, free, position)
    del free
    idom, svs, place = np.full(nodes, nodes - 1, np.int32), np.zeros(nodes, np.int32), np.full(nodes, -1, np.int32)
    idom[order] = order[place_idom]
    idom[nodes - 1] = -1
    svs[order], place[order] = sizes, position
    svs[nodes - 1] = heap.n
    by_position = np.empty(places, np.int32)
    by_position[position] = order
    return Retained(idom, retained, svs, place, by_position)


def _followed(heap: Heap, ownership: Ownership) -> U8:
    """uint8[rows]: 1 for the references that keep something alive; immortals need no keeping."""
    strength = np.full(heap.n + 3, Strength.COUNTED | Strength.STRONG, np.uint8)
    strength[: heap.n][ownership.lost] = Strength.COUNTED
    followed: Mask = (heap.out_strength & np.repeat(strength, np.diff(heap.out_start))) != 0
    followed &= heap.out_target < heap.n
    return followed.view(np.uint8)


def _entries(heap: Heap, ownership: Ownership) -> U8:
    """uint8[n + 3]: 1 for what the super-root leads to."""
    entry = np.zeros(heap.n + 3, np.uint8)
    entry[root_ids(heap)] = 1
    entry[_lost_entries(heap, ownership)] = 1
    entry[heap.n :] = 0
    return entry


def _lost_entries(heap: Heap, ownership: Ownership) -> I32:
    """One SV of each strongly connected component of the lost SVs that no other component leads to."""
    lost = np.flatnonzero(ownership.lost).astype(np.int32)
    if not len(lost):
        return lost
    component, count = components_among(heap, ownership.counted, lost)
    rows = ownership.counted != 0
    source, target = component[heap.out_source[rows]], component[heap.out_target[rows]]
    led_to = np.zeros(count, np.bool_)
    led_to[target[(source >= 0) & (target >= 0) & (source != target)]] = True
    candidates = lost[~led_to[component[lost]]]
    by_rank = candidates[np.argsort(_rank(heap, candidates), kind="stable")]
    _, first = first_of_each(component[by_rank])
    entries: I32 = by_rank[first]
    return entries


def _rank(heap: Heap, svs: I32) -> U8:
    """uint8: 0 for objects, then what a structure is known by, as in the explanations of leaks."""
    rank = np.full(len(svs), len(_TELLING_KINDS) + 1, np.uint8)
    for number, kind in enumerate(_TELLING_KINDS, 1):
        rank[heap.kind[svs] == kind] = number
    rank[(heap.blessed[svs] >= 0) & (heap.kind[svs] != Kind.CODE)] = 0
    return rank
