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

from pmat_lsp.format.kinds import RefKind
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
    rows = np.flatnonzero(_marked(heap, holders)[heap.out_target] & (heap.out_kind == RefKind.ELEMENT))
    arrays = _registries(heap, np.unique(heap.out_source[rows]))
    inside = _marked(heap, heap.out_target[rows[arrays[heap.out_source[rows]]]])
    found: npt.NDArray[np.bool_] = inside[holders]
    return found


def _registries(heap: Heap, arrays: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """bool[n + 3]: those of the arrays that are a registry."""
    result = np.zeros(heap.n + 3, np.bool_)
    to_array = np.flatnonzero(_marked(heap, arrays)[heap.out_target] & (heap.out_kind == RefKind.REFERENT))
    references = _marked(heap, heap.out_source[to_array])
    in_objects = references[heap.out_target] & (heap.out_kind == RefKind.VALUE) & (heap.blessed[heap.out_source] >= 0)
    values = np.flatnonzero(in_objects)
    keys = {index: decode_name(key) for index, key in read_strings(heap, heap.out_detail[values])}
    known = [
        int(heap.out_target[row])
        for index, row in enumerate(values.tolist())
        if any(
            keys.get(index) == one.key and one.holder.search(heap.class_of(int(heap.out_source[row])) or "")
            for one in REGISTRIES
        )
    ]
    is_known = _marked(heap, np.array(known, np.int32))
    result[heap.out_target[to_array[is_known[heap.out_source[to_array]]]]] = True
    return result


def _marked(heap: Heap, svs: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(heap.n + 3, np.bool_)
    mask[svs] = True
    return mask
