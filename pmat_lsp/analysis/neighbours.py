"""The references from and to one SV, as a table sorted by name."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pmat_lsp.analysis.descriptions import all_described
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import Strength
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described
from pmat_lsp.heap.neighbours import STRENGTHS, Reference, references_in, references_out

_WORDS = {strength: str(strength.name).lower() for strength in STRENGTHS}

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
    by_name = sorted(references, key=lambda reference: reference.name)
    svs = np.array([reference.sv for reference in by_name], np.int32)
    told = zip(by_name, heap.address[svs].tolist(), all_described(heap, svs), strict=True)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (_WORDS[reference.strength], reference.name, address, text) for reference, address, text in told
    )
    return Table(title, _COLUMNS, rows)
