"""The largest SVs, by their own memory or by what they retain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.labels import labels
from pmat_lsp.analysis.retained import Retained
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.heap.model import Heap

_SV, _DESCRIPTION = Column("sv", Unit.SV), Column("description", Unit.TEXT)
_SIZE, _RETAINED = Column("size", Unit.BYTES), Column("retained", Unit.BYTES)
_SVS = Column("svs", Unit.COUNT)


def largest_by_size(heap: Heap, count: int) -> Table:
    """The `count` SVs with the most memory of their own."""
    label = labels(heap)
    svs = first_by(heap.size[: heap.n], count)
    rows: tuple[tuple[Value, ...], ...] = tuple((heap.address_of(sv), label(sv), int(heap.size[sv])) for sv in svs)
    return Table("The largest SVs, each by itself", (_SV, _DESCRIPTION, _SIZE), rows, heap.n - len(rows))


def largest_by_retained(heap: Heap, sizes: Retained, count: int) -> Table:
    """The `count` SVs that alone keep the most memory alive; one may be inside another."""
    label = labels(heap)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (heap.address_of(sv), label(sv), int(heap.size[sv]), int(sizes.bytes[sv]), int(sizes.svs[sv]))
        for sv in first_by(sizes.bytes[: heap.n], count)
    )
    columns = (_SV, _DESCRIPTION, _SIZE, _RETAINED, _SVS)
    return Table("The SVs that keep the most memory alive", columns, rows, heap.n - len(rows))


def first_by(sizes: npt.NDArray[np.uint64], count: int) -> list[int]:
    """The indices of the `count` largest values, largest first, equal ones in their order."""
    count = min(count, len(sizes))
    if not count:
        return []
    # Sorting all of a heap of millions for a few of them would take a second.
    threshold = np.partition(sizes, len(sizes) - count)[len(sizes) - count]
    candidates = np.flatnonzero(sizes >= threshold)
    order = np.argsort(-sizes[candidates].astype(np.int64), kind="stable")
    return [int(sv) for sv in candidates[order[:count]]]
