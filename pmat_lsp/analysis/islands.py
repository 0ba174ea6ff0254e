"""Islands: the reference cycles among the SVs of one verdict, each with what it alone keeps alive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.ownership import Mask, Ownership, components_among
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
        nothing, outside = np.full(heap.n + 3, -1, np.int32), np.full(heap.n + 3, OUTSIDE, np.int32)
        return Islands(0, nothing, outside, np.zeros(0, np.int64), np.zeros(0, np.int64))
    component, components = components_among(heap, ownership.counted, svs)
    is_cycle = _cyclic(heap, ownership, component, components)
    number = np.full(components + 1, -1, np.int32)
    number[:-1][is_cycle] = np.arange(int(is_cycle.sum()), dtype=np.int32)
    cycle = np.where(component >= 0, number[np.maximum(component, -1)], -1).astype(np.int32)
    owner = _owners(heap, ownership, svs, component, cycle)
    count = int(is_cycle.sum())
    owned = np.flatnonzero(owner[: heap.n] >= 0)
    sizes = np.zeros(count, np.int64)
    np.add.at(sizes, owner[owned], heap.size[owned].astype(np.int64))
    return Islands(count, cycle, owner, np.bincount(owner[owned], minlength=count).astype(np.int64), sizes)


def _cyclic(heap: Heap, ownership: Ownership, component: I32, components: int) -> npt.NDArray[np.bool_]:
    """bool[components]: more than one SV, or one that refers to itself."""
    inside = component[component >= 0]
    cyclic: npt.NDArray[np.bool_] = np.bincount(inside, minlength=components) > 1
    to_itself = (ownership.counted != 0) & (heap.out_source == heap.out_target)
    loops = component[heap.out_source[to_itself]]
    cyclic[loops[loops >= 0]] = True
    return cyclic


def _owners(heap: Heap, ownership: Ownership, svs: I32, component: I32, cycle: I32) -> I32:
    owner = np.full(heap.n + 3, OUTSIDE, np.int32)
    owner[svs] = NO_OWNER
    own = (cycle >= 0).astype(np.uint8)
    owner[own != 0] = cycle[own != 0]
    # Tarjan numbers a component after all that it leads to, so falling numbers put referrers first.
    topological = svs[np.argsort(-component[svs].astype(np.int64), kind="stable")]
    graph.sole_owners(heap.out_start, heap.out_target, ownership.counted, topological, own, owner)
    return owner
