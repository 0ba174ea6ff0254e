"""Registries of weak references that only enumerate: code that walks them needs none of the objects in them.

A weak reference from something alive normally means that the object may still be used. The lists below are kept by
libraries that look through them for housekeeping, so an entry says nothing about whether the program needs the object.
Each entry of the table has a test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.rows import rows_to
from pmat_lsp.format.kinds import RefKind
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import read_strings


@dataclass(frozen=True, slots=True)
class WeakRegistry:
    """An array of weak references that objects of some classes keep under a key."""

    key: str
    holder: re.Pattern[str]
    """Matches the name of the class whose objects, hashes, have the key."""
    why: str
    """Who fills the array, and what for."""


REGISTRIES = (
    WeakRegistry(
        "ChildHandles",
        re.compile(r"(?:^|::)(?:dr|db)$"),
        "DBI lists the handles made from a driver or database handle, for disconnecting and statistics",
    ),
)
"""All that are known."""


def registry_entries(heap: Heap, holders: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """bool, one an SV of `holders` (weak REFs): whether it is an element of such a registry."""
    unique = distinct(holders)
    rows, which = _rows_of_kind(heap, unique, RefKind.ELEMENT)
    sources = heap.sources(rows)
    inside = np.isin(sources, _registries(heap, distinct(sources)))
    found: npt.NDArray[np.bool_] = np.isin(holders, unique[which[inside]])
    return found


def _registries(heap: Heap, arrays: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """int32: those of the arrays that are a registry."""
    to_array, array = _rows_of_kind(heap, arrays, RefKind.REFERENT)
    references = heap.sources(to_array)
    unique = distinct(references)
    values, which = _rows_of_kind(heap, unique, RefKind.VALUE)
    objects = heap.sources(values)
    blessed = np.flatnonzero(heap.blessed[objects] >= 0)
    keys = {index: decode_name(key) for index, key in read_strings(heap, heap.out_detail[values[blessed]])}
    known = [
        int(unique[which[at]])
        for index, at in enumerate(blessed.tolist())
        if any(
            keys.get(index) == one.key and one.holder.search(heap.class_of(int(objects[at])) or "")
            for one in REGISTRIES
        )
    ]
    return arrays[distinct(array[np.isin(references, known)])]


def _rows_of_kind(
    heap: Heap, svs: npt.NDArray[np.integer], kind: RefKind
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """As `rows_to`, of one kind of reference."""
    rows, which = rows_to(heap, svs)
    chosen = heap.out_kind[rows] == kind
    return rows[chosen], which[chosen]
