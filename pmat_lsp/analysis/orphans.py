"""SVs that nothing in the dump refers to: held by C code alone, or by nobody."""

from __future__ import annotations

import numpy as np

from pmat_lsp.analysis.tables import Column, Table, Unit
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import description

_COLUMNS = (Column("sv", Unit.SV), Column("is", Unit.TEXT))


def orphans_table(heap: Heap) -> Table:
    """The SVs to which no SV, no root, no value stack and no list of mortals refers, by address."""
    referred = np.diff(heap.in_start)[: heap.n] > 0
    held = [root.sv for root in heap.roots], heap.stack, heap.mortals
    for svs in held:
        ids = np.asarray(svs, np.int64)
        referred[ids[(ids >= 0) & (ids < heap.n)]] = True
    rows = (
        (address := heap.address_of(sv), f"{description(heap, sv)} at {address:#x}")
        for sv in np.flatnonzero(~referred).tolist()
    )
    return Table("SVs that nothing refers to", _COLUMNS, tuple(rows))
