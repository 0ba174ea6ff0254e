"""The references from and to one SV, as a table sorted by name."""

from __future__ import annotations

from collections.abc import Iterable

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import Strength
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described
from pmat_lsp.heap.neighbours import Reference, references_in, references_out

_COLUMNS = (
    Column("strength", Unit.TEXT),
    Column("name", Unit.TEXT),
    Column("sv", Unit.SV),
    Column("is", Unit.TEXT),
)


def outrefs_table(heap: Heap, sv: int, wanted: Strength) -> Table:
    """What an SV refers to."""
    return _table(heap, f"References from {described(heap, sv)}", references_out(heap, sv, wanted))


def inrefs_table(heap: Heap, sv: int, wanted: Strength) -> Table:
    """What refers to an SV. Roots are left out: `roots` and `identify` tell them."""
    return _table(heap, f"References to {described(heap, sv)}", references_in(heap, sv, wanted))


def _table(heap: Heap, title: str, references: Iterable[Reference]) -> Table:
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            str(reference.strength.name).lower(),
            reference.name,
            heap.address_of(reference.sv),
            described(heap, reference.sv),
        )
        for reference in sorted(references, key=lambda reference: reference.name)
    )
    return Table(title, _COLUMNS, rows)
