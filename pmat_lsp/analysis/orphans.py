"""SVs that nothing in the dump refers to: held by C code alone, or by nobody."""

from __future__ import annotations

import numpy as np

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import description
from pmat_lsp.heap.progress import Progress, no_progress

_OFTEN = 4096
"""After so many SVs that are told, progress is."""
_COLUMNS = (Column("sv", Unit.SV), Column("is", Unit.TEXT))


def orphans_table(heap: Heap, progress: Progress = no_progress) -> Table:
    """The SVs to which no SV, no root, no value stack and no list of mortals refers, by address."""
    referred = np.diff(heap.in_start)[: heap.n] > 0
    held = [root.sv for root in heap.roots], heap.stack, heap.mortals
    for svs in held:
        ids = np.asarray(svs, np.int64)
        referred[ids[(ids >= 0) & (ids < heap.n)]] = True
    orphans, rows = np.flatnonzero(~referred).tolist(), list[tuple[Value, ...]]()
    for done, sv in enumerate(orphans):
        if done % _OFTEN == 0:
            progress("orphans", done, len(orphans))
        address = heap.address_of(sv)
        rows.append((address, f"{description(heap, sv)} at {address:#x}"))
    return Table("SVs that nothing refers to", _COLUMNS, tuple(rows))
