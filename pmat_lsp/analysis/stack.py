"""The value stack: what the running ops of perl work on."""

from __future__ import annotations

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.valued import described_with_value


def stack_table(heap: Heap, count: int | None = None) -> Table:
    """The SVs on the value stack, the top first, each with its index from the bottom.

    Args:
        heap: of the dump.
        count: rows to tell; None for all.
    """
    columns = (Column("index", Unit.COUNT), Column("sv", Unit.SV), Column("is", Unit.TEXT))
    stack = list(enumerate(heap.stack.tolist()))[::-1]
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (index, heap.address_of(sv), described_with_value(heap, sv)) if sv >= 0 else (index, None, "NULL")
        for index, sv in stack[:count]
    )
    return Table("Value stack", columns, rows, len(stack) - len(rows))
