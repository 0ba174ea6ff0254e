"""The objects of a package, and the clones of a sub: each found without a look at all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.once import OnceAHeap

I32 = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Sorted:
    """SVs by a number that they have in common."""

    keys: npt.NDArray[np.int32] | npt.NDArray[np.uint64]
    """Rising."""
    svs: I32
    """The SV of each key; those of one key in address order."""

    def of(self, key: int) -> I32:
        """int32: the SVs with a key."""
        # With a number of another type numpy would copy the whole column for each search.
        wanted = self.keys.dtype.type(key)
        return self.svs[self.keys.searchsorted(wanted) : self.keys.searchsorted(wanted, "right")]


def objects_of(heap: Heap, stash: int) -> I32:
    """int32: what is blessed into a package, an SV; in address order."""
    return _objects(heap).of(stash)


def codes_of(heap: Heap, ops: int) -> I32:
    """int32: the CODEs whose op tree is at an address, in address order."""
    return _codes(heap).of(ops)


@OnceAHeap
def _objects(heap: Heap) -> _Sorted:
    order = np.argsort(heap.blessed.value, kind="stable")
    return _Sorted(heap.blessed.value[order], heap.blessed.row[order])


@OnceAHeap
def _codes(heap: Heap) -> _Sorted:
    order = np.argsort(heap.codes.oproot, kind="stable")
    return _Sorted(heap.codes.oproot[order], heap.codes.sv[order])
