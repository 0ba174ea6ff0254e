"""Islands: the reference cycles among the SVs of one verdict, each with what it alone keeps alive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.ownership import Mask, Ownership, components_among
from pmat_lsp.analysis.rows import pieces
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.references import to_csr
from pmat_lsp.kernels import graph

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Ids = npt.NDArray[np.integer[Any]]

NO_OWNER = -1
"""In `Islands.owner`: no island leads there."""
SHARED = -2
"""In `Islands.owner`: several islands keep it alive together."""
OUTSIDE = -3
"""In `Islands.owner`: not of the verdict."""


@dataclass(frozen=True)
class Islands:
    """The strongly connected components that are cycles, numbered 0 to count - 1."""

    count: int
    among: I32
    """int32: the SVs of the verdict, in address order."""
    cycles: I32
    """int32, one of these each: the island whose cycle it is on, -1 for none."""
    owners: I32
    """int32: the island that alone keeps it alive (its cycle included), or NO_OWNER or SHARED."""
    svs: I64
    """int64[count]: SVs that each alone keeps alive."""
    bytes: I64
    """int64[count]: their bytes, the island's retained size."""
    length: int
    """n + 3 of the heap."""

    @property
    def cycle(self) -> I32:
        """int32[n + 3]: `cycles` of every SV, -1 for those of no such verdict; made anew each time."""
        return self._column(self.cycles, -1)

    @property
    def owner(self) -> I32:
        """int32[n + 3]: `owners` of every SV, OUTSIDE for those of no such verdict; made anew each time."""
        return self._column(self.owners, OUTSIDE)

    def cycle_of(self, svs: Ids) -> I32:
        """int32: as `cycle`, of some SVs."""
        return self._looked_up(svs, self.cycles, -1)

    def owner_of(self, svs: Ids) -> I32:
        """int32: as `owner`, of some SVs."""
        return self._looked_up(svs, self.owners, OUTSIDE)

    def _column(self, values: I32, other: int) -> I32:
        column = np.full(self.length, other, np.int32)
        column[self.among] = values
        return column

    def _looked_up(self, svs: Ids, values: I32, other: int) -> I32:
        at = self.among.searchsorted(svs.astype(np.int32))
        known = np.append(self.among, np.int32(-1))[at] == svs
        found: I32 = np.where(known, np.append(values, np.int32(other))[at], np.int32(other))
        return found

    @cached_property
    def kept(self) -> tuple[I32, I32]:
        """The SVs that islands alone keep alive, island by island; and (int32[count + 1]) where each island starts."""
        return self._by_island(self.owners)

    @property
    def shared(self) -> I32:
        """The SVs that several islands keep alive together."""
        svs: I32 = self.among[self.owners == SHARED]
        return svs

    @cached_property
    def members(self) -> tuple[I32, I32]:
        """The SVs on cycles, island by island, in address order; and (int32[count + 1]) where each island starts."""
        return self._by_island(self.cycles)

    def _by_island(self, numbers: I32) -> tuple[I32, I32]:
        start, order = to_csr(numbers[numbers >= 0], self.count)
        return self.among[numbers >= 0][order], start


def find_islands(heap: Heap, ownership: Ownership, among: Mask) -> Islands:
    """The islands among some SVs of a heap.

    Args:
        heap: of the dump.
        ownership: that of the heap.
        among: bool[n], the SVs of one verdict: `ownership.proven` or `ownership.self_held`.
    """
    svs = np.flatnonzero(among).astype(np.int32)
    if not len(svs):
        none = np.zeros(0, np.int64)
        return Islands(0, svs, svs, svs, none, none, heap.n + 3)
    component, components = components_among(heap, ownership.counted, svs)
    is_cycle = np.zeros(components, np.uint8)
    graph.mark_cyclic(heap.out_start, heap.out_target, ownership.counted, svs, component, is_cycle)
    count = int(is_cycle.sum())
    number = np.full(components, -1, np.int32)
    number[is_cycle != 0] = np.arange(count, dtype=np.int32)
    # Tarjan numbers a component after all that it leads to, so falling numbers put referrers first.
    _, order = to_csr(components - 1 - component[svs], components)
    cycle = component
    cycle[cycle < 0] = -1
    cycle[svs] = number[component[svs]]
    owner = _owners(heap, ownership, svs[order], cycle)
    owners = owner[svs]
    held, sizes = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for piece in pieces(len(svs)):
        is_owned = owners[piece] >= 0
        np.add.at(held, owners[piece][is_owned], 1)
        np.add.at(sizes, owners[piece][is_owned], heap.size[svs[piece][is_owned]].astype(np.int64))
    return Islands(count, svs, cycle[svs], owners, held, sizes, heap.n + 3)


def _owners(heap: Heap, ownership: Ownership, referrers_first: I32, cycle: I32) -> I32:
    owner = np.full(heap.n + 3, OUTSIDE, np.int32)
    owner[referrers_first] = cycle[referrers_first]
    own = (cycle >= 0).view(np.uint8)
    graph.sole_owners(heap.out_start, heap.out_target, ownership.counted, referrers_first, own, owner)
    return owner
