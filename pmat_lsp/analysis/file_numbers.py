"""The file numbers of the handle that a variable holds."""

from __future__ import annotations

import numpy as np

from pmat_lsp.format.kinds import Kind, RefKind
from pmat_lsp.heap.describe import referent
from pmat_lsp.heap.model import Heap


def file_numbers(heap: Heap, sv: int) -> tuple[int, ...]:
    """The numbers under which the handle in an SV is open, for input first; () where it is none, or is closed.

    An SV holds a handle if it is an IO or a GLOB, or a reference to one, as `open my $fh` makes it.
    """
    held = referent(heap, sv)
    at = held[0] if held is not None else sv
    if heap.kind[at] == Kind.GLOB:
        rows = (row for row in heap.out_rows(at) if heap.out_kind[row] == RefKind.GLOB_IO)
        at = next((int(heap.out_target[row]) for row in rows), -1)
    if at < 0 or heap.kind[at] != Kind.IO:
        return ()
    row = int(np.searchsorted(heap.ios.sv, at))
    numbers = (int(heap.ios.ifileno[row]), int(heap.ios.ofileno[row]))
    return tuple(dict.fromkeys(number for number in numbers if number >= 0))
