"""Where in the dump the contents of an SV start: elements, entries, parts, fields, or the bytes of its string."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.header import Layout
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.model import Heap

I64 = npt.NDArray[np.int64]


def body_of(heap: Heap, sv: int) -> int:
    """The byte of the dump where the contents of an SV start."""
    layout, at = heap.layout, int(heap.offset[sv])
    type_ = heap.data[at : at + 1][0]
    at += before_strings(layout, type_)
    if type_ == Kind.SCALAR:
        return at + _before_text(layout)
    for _ in range(int(layout.type_sizes[type_, 2]) if type_ < Kind.C_STRUCT else 0):
        length = int.from_bytes(heap.data[at : at + layout.uint_size], layout.byte_order)
        at += layout.uint_size + (0 if length == layout.null_length else length)
    return at


def text_starts(heap: Heap, scalars: npt.NDArray[np.integer]) -> I64:
    """int64: where the bytes of the strings of SCALARs start."""
    return heap.offset[scalars] + before_strings(heap.layout, Kind.SCALAR) + _before_text(heap.layout)


def before_strings(layout: Layout, type_: int) -> int:
    """Bytes of a record of a TYPE before its strings, or before its contents if it has none."""
    common_header, common_pointers, _ = (int(x) for x in layout.type_sizes[0])
    header, pointers, _ = (int(x) for x in layout.type_sizes[type_]) if type_ < Kind.C_STRUCT else (0, 0, 0)
    return 1 + common_header + header + (common_pointers + pointers) * layout.ptr_size


def _before_text(layout: Layout) -> int:
    """A SCALAR's string follows its length."""
    return layout.uint_size if layout.type_sizes[Kind.SCALAR, 2] else 0
