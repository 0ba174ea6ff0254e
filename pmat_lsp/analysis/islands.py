"""Islands: the reference cycles among the SVs of one verdict, each with what it alone keeps alive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.ownership import Mask, Ownership, components_among
from pmat_lsp.analysis.rows import pieces
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.references import to_csr
from pmat_lsp.kernels import graph

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

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
    cycle: I32
    """int32[n + 3]: the island whose cycle an SV is on, -1 for none."""
    owner: I32
    """int32[n + 3]: the island that alone keeps an SV alive (its cycle included), or NO_OWNER, SHARED, OUTSIDE."""
    svs: I64
    """int64[count]: SVs that each alone keeps alive."""
    bytes: I64
    """int64[count]: their bytes, the island's retained size."""

    @cached_property
    def kept(self) -> tuple[I32, I32]:
        """The SVs that islands alone keep alive, island by island; and (int32[count + 1]) where each island starts."""
        owned = np.flatnonzero(self.owner >= 0).astype(np.int32)
        start, order = to_csr(self.owner[owned], self.count)
        return owned[order], start

    @cached_property
    def shared(self) -> I32:
        """The SVs that several islands keep alive together."""
        return np.flatnonzero(self.owner == SHARED).astype(np.int32)

    @cached_property
    def members(self) -> tuple[I32, I32]:
        """The SVs on cycles, island by island, in address order; and (int32[count + 1]) where each island starts."""
        on_cycle = np.flatnonzero(self.cycle >= 0).astype(np.int32)
        start, order = to_csr(self.cycle[on_cycle], self.count)
        return on_cycle[order], start


def find_islands(heap: Heap, ownership: Ownership, among: Mask) -> Islands:
    """The islands among some SVs of a heap.

    Args:
        heap: of the dump.
        ownership: that of the heap.
        among: bool[n], the SVs of one verdict: `ownership.proven` or `ownership.self_held`.
    """
    svs = np.flatnonzero(among).astype(np.int32)
    if not len(svs):
        nothing, outside = (np.broadcast_to(np.int32(number), heap.n + 3) for number in (-1, OUTSIDE))
        return Islands(0, nothing, outside, np.zeros(0, np.int64), np.zeros(0, np.int64))
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
    held, sizes = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for piece in pieces(heap.n):
        owned = piece.start + np.flatnonzero(owner[piece] >= 0)
        np.add.at(held, owner[owned], 1)
        np.add.at(sizes, owner[owned], heap.size[owned].astype(np.int64))
    return Islands(count, cycle, owner, held, sizes)


def _owners(heap: Heap, ownership: Ownership, referrers_first: I32, cycle: I32) -> I32:
    owner = np.full(heap.n + 3, OUTSIDE, np.int32)
    owner[referrers_first] = cycle[referrers_first]
    own = (cycle >= 0).view(np.uint8)
    graph.sole_owners(heap.out_start, heap.out_target, ownership.counted, referrers_first, own, owner)
    return owner
