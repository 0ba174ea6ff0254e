"""Many records of a dump, read piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pmat_lsp.heap.gather import Gatherer
from pmat_lsp.heap.model import Heap
from pmat_lsp.kernels import interning

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
_PIECE = 4 << 20
"""Bytes in which the records of one piece begin."""
_BEYOND = 1 << 12
"""Bytes that are read of a string whose length is not known."""
_SEED = 0x9E3779B97F4A7C15


def pieces(heap: Heap, start: I64, end: I64) -> Iterator[tuple[npt.NDArray[np.intp], int, bytes]]:
    """Parts of a dump that hold some byte ranges.

    Args:
        heap: of the dump.
        start: where the ranges start, in any order.
        end: where they end, or later.

    Yields:
        The indices of the ranges in a part, in the order of the dump; where the part starts; its bytes.
    """
    order = np.argsort(start, kind="stable")
    in_order = start[order]
    done = 0
    while done < len(order):
        first = int(in_order[done])
        until = int(np.searchsorted(in_order, first + _PIECE))
        rows = order[done:until]
        yield rows, first, bytes(heap.data[first : int(end[rows].max())])
        done = until


def different_strings(heap: Heap, offsets: I64) -> tuple[list[bytes], I32]:
    """The different ones of the STRs at some bytes of the dump, empty where one is null; the number of each."""
    layout, numbers, which = heap.layout, dict[bytes, int](), np.empty(len(offsets), np.int32)
    for rows, first, piece in pieces(heap, offsets, offsets + _BEYOND):
        gather, at = Gatherer(piece, layout), offsets[rows] - first
        start, end = at + layout.uint_size, gather.after_strings(at)
        if len(piece) < end.max():
            piece = bytes(heap.data[first : first + int(end.max())])
        same = np.empty(len(rows), np.int32)
        table = np.full(1 << (2 * len(rows)).bit_length(), -1, np.int32)
        interning.first_equal(np.frombuffer(piece, np.uint8), start, end, _SEED, table, same)
        alone = np.flatnonzero(same == np.arange(len(same)))
        number = np.empty(len(rows), np.int32)
        for one, begin, stop in zip(alone.tolist(), start[alone].tolist(), end[alone].tolist(), strict=True):
            number[one] = numbers.setdefault(piece[begin:stop], len(numbers))
        which[rows] = number[same]
    return list(numbers), which
