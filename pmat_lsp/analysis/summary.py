"""What a dump is, in a few figures that take no walk over the heap."""

from __future__ import annotations

import numpy as np

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.heap.model import Heap

TITLE = "Summary"


def summary_table(heap: Heap) -> Table:
    """One row: the perl, its threads, the format, SVs, bytes, roots, blessed SVs and file handles."""
    columns = (
        Column("perl", Unit.TEXT),
        Column("threads", Unit.TEXT),
        Column("format", Unit.TEXT),
        Column("objects", Unit.COUNT),
        Column("bytes", Unit.BYTES),
        Column("roots", Unit.COUNT),
        Column("blessed", Unit.COUNT),
        Column("file_handles", Unit.COUNT),
    )
    open_handles = (heap.ios.ifileno >= 0) | (heap.ios.ofileno >= 0)
    row: tuple[Value, ...] = (
        heap.layout.perl,
        "threaded" if heap.layout.ithreads else "non-threaded",
        heap.layout.format,
        heap.n,
        heap.bytes,
        sum(root.sv >= 0 for root in heap.roots),
        len(heap.objects),
        int(np.count_nonzero(open_handles)),
    )
    return Table(TITLE, columns, (row,))
