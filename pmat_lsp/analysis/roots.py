"""The places outside the heap from which perl reaches it."""

from __future__ import annotations

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described


def roots_table(heap: Heap) -> Table:
    """Every named root that leads to an SV, in the order of the dump."""
    columns = (
        Column("name", Unit.TEXT),
        Column("description", Unit.TEXT),
        Column("sv", Unit.SV),
        Column("is", Unit.TEXT),
        Column("strength", Unit.TEXT),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            root.name,
            root.description,
            heap.address_of(root.sv),
            described(heap, root.sv),
            "strong" if root.strong else "weak",
        )
        for root in heap.roots
        if root.sv >= 0 and root.name not in ("stack", "context", "mortal")
    )
    return Table("Roots", columns, rows)
