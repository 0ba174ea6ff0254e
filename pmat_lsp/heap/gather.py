"""Reads the same field of many records at once: numpy in place of a loop over struct.unpack."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.header import Buffer, Layout
from pmat_lsp.kernels import scan as kernel

I64 = npt.NDArray[np.int64]


class Gatherer:
    """Vectorised reads from one dump. Offsets must lie inside the data: the scan has checked every record."""

    def __init__(self, data: Buffer | npt.NDArray[np.uint8], layout: Layout) -> None:
        self.layout = layout
        self.bytes = np.frombuffer(data, np.uint8)

    def numbers(self, offsets: I64, size: int) -> npt.NDArray[np.uint64]:
        """uint64: the unsigned numbers of `size` (1, 2, 4 or 8) bytes at `offsets`, in the dump's byte order.

        Raises:
            IndexError: one of them does not lie inside the data.
        """
        found = np.empty(len(offsets), np.uint64)
        offsets = np.ascontiguousarray(offsets, np.int64)
        read = kernel.gather(self.bytes, offsets, size, self.layout.big_endian, found)
        if read < len(offsets):
            raise IndexError(f"{int(offsets[read])} of {len(self.bytes)}")
        return found

    def uints(self, offsets: I64) -> npt.NDArray[np.uint64]:
        """uint64: the UINTs at `offsets`."""
        return self.numbers(offsets, self.layout.uint_size)

    def pointers(self, offsets: I64) -> npt.NDArray[np.uint64]:
        """uint64: the PTRs at `offsets`."""
        return self.numbers(offsets, self.layout.ptr_size)

    def signed(self, offsets: I64) -> I64:
        """int64: the UINTs at `offsets`, with all bits set read as -1."""
        values = self.uints(offsets)
        if self.layout.uint_size == 4:
            return values.astype(np.uint32).view(np.int32).astype(np.int64)
        return values.view(np.int64)

    def after_strings(self, offsets: I64) -> I64:
        """int64: the offsets behind the STRs at `offsets`."""
        sizes = self.uints(offsets)
        sizes[sizes == self.layout.null_length] = 0
        return offsets + self.layout.uint_size + sizes.astype(np.int64)
