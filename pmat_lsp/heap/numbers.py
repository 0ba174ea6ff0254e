"""The numbers of many scalars at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmat_lsp.heap.gather import Gatherer
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress, no_progress

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_BYTES_AT_A_TIME = 8 << 20


def scalar_numbers(heap: Heap, svs: npt.NDArray[np.integer], progress: Progress = no_progress) -> tuple[I64, F64]:
    """The integer and the NV of SCALARs, one each an SV; what stands there means nothing where the flags do not say so.

    Returns:
        int64, an unsigned integer as the int64 of the same bits; and float64, a long double rounded.
    """
    layout = heap.layout
    header, pointers, _ = (int(x) for x in layout.type_sizes[0])
    start = heap.offset[svs] + 1 + header + pointers * layout.ptr_size + 1
    width = layout.uint_size + layout.nv_size
    integers, numbers = np.zeros(len(svs), np.int64), np.zeros(len(svs), np.float64)
    order = np.argsort(start, kind="stable")
    done = 0
    while done < len(order):
        first = int(start[order[done]])
        until = done + int(np.searchsorted(start[order[done:]], first + _BYTES_AT_A_TIME))
        rows = order[done:until]
        gather = Gatherer(heap.data[first : int(start[rows[-1]]) + width], layout)
        at = start[rows] - first
        integers[rows] = gather.signed(at)
        numbers[rows] = _numbers(gather, at + layout.uint_size)
        done = until
        progress("numbers", done, len(order))
    return integers, numbers


def _numbers(gather: Gatherer, at: I64) -> F64:
    if gather.layout.nv_size == 8:
        return gather.numbers(at, 8).view(np.float64)
    # The x87 long double: 64 bits of mantissa with its leading 1, 15 of exponent, a sign.
    big = gather.layout.big_endian
    size = gather.layout.nv_size
    mantissa = gather.numbers(at + size - 8 if big else at, 8)
    exponent = gather.numbers(at + size - 10 if big else at + 8, 2).astype(np.int64)
    sign = np.where(exponent & 0x8000, -1.0, 1.0)
    exponent &= 0x7FFF
    with np.errstate(over="ignore"):
        value = np.ldexp(mantissa.astype(np.float64), (exponent - 16383 - 63).astype(np.int32))
    special = np.where(mantissa << np.uint64(1) == 0, np.inf, np.nan)
    numbers: F64 = sign * np.where(exponent == 0x7FFF, special, value)
    return numbers
