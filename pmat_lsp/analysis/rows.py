"""The references to and from many SVs at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import Kind, RefKind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.ranges import ranges

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


def rows_to(heap: Heap, svs: npt.NDArray[np.integer]) -> tuple[I64, I64]:
    """(rows of the out_ columns that refer to some SVs, of each the index of the SV)."""
    places, which = ranges(heap.in_start[svs], heap.in_start[svs + 1])
    return heap.in_ref[places].astype(np.int64), which


def rows_from(heap: Heap, svs: npt.NDArray[np.integer]) -> tuple[I64, I64]:
    """(rows of the out_ columns that belong to some SVs, of each the index of the SV)."""
    return ranges(heap.out_start[svs], heap.out_start[svs + 1])


def referents(heap: Heap, svs: I32, deepest: int = 1) -> tuple[I32, I32]:
    """(how many plain references are passed, `deepest` at the most; the SV at their end), one of some SVs each."""
    target, depth = svs.copy(), np.zeros(len(svs), np.int32)
    for _ in range(deepest):
        refs = np.flatnonzero((heap.kind[target] == Kind.REF) & (heap.blessed[target] < 0))
        rows, which = rows_from(heap, target[refs])
        follows = heap.out_kind[rows] == RefKind.REFERENT
        passed = refs[which[follows]]
        target[passed] = heap.out_target[rows[follows]]
        depth[passed] += 1
    return depth, target
