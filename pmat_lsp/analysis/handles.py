"""The file handles that are open."""

from __future__ import annotations

import numpy as np

from pmat_lsp.analysis.ownership import Ownership
from pmat_lsp.analysis.result import LEAKED, SELF_HELD
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import RefKind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described
from pmat_lsp.heap.symbols import glob_name

LOST = "lost"
"""What the table says of a handle that no root reaches and that C code may hold; else it tells the verdict."""
_COLUMNS = (
    Column("sv", Unit.SV),
    Column("is", Unit.TEXT),
    Column("ifileno", Unit.COUNT),
    Column("ofileno", Unit.COUNT),
    Column("glob", Unit.TEXT),
    Column("state", Unit.TEXT),
)


def handles_table(heap: Heap, ownership: Ownership, count: int | None = None) -> Table:
    """Every IO that has a file number, by number: the two numbers, the glob that it is the handle of, its state.

    Args:
        heap: of the dump.
        ownership: says what is lost.
        count: rows to tell; None for all.
    """
    ios = heap.ios
    rows = np.flatnonzero((ios.ifileno >= 0) | (ios.ofileno >= 0))
    rows = rows[np.lexsort((ios.sv[rows], ios.ofileno[rows], ios.ifileno[rows]))]
    told = tuple(
        _row(heap, ownership, int(ios.sv[row]), int(ios.ifileno[row]), int(ios.ofileno[row])) for row in rows[:count]
    )
    return Table("Open file handles", _COLUMNS, told, len(rows) - len(told))


def _row(heap: Heap, ownership: Ownership, sv: int, ifileno: int, ofileno: int) -> tuple[Value, ...]:
    state = None
    if ownership.lost[sv]:
        state = LEAKED if ownership.proven[sv] else SELF_HELD if ownership.self_held[sv] else LOST
    numbers = (number if number >= 0 else None for number in (ifileno, ofileno))
    return heap.address_of(sv), described(heap, sv), *numbers, _glob(heap, sv), state


def _glob(heap: Heap, io: int) -> str | None:
    """`*main::STDIN`: the first glob that has an IO in its slot."""
    holders = (row for row in heap.in_rows(io).tolist() if heap.out_kind[row] == RefKind.GLOB_IO)
    glob = next((int(heap.out_source[row]) for row in holders), -1)
    return f"*{glob_name(heap, glob)}" if glob >= 0 else None
