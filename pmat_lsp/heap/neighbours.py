"""The references from and to one SV with their names, those that lead over another SV included.

The columns of `Heap` have the direct references. Devel::MAT tells two kinds more, by two hops: what an element, value,
lexical or field refers to that is itself a reference (`element [0] via RV`), and what a hash's list of weak references
names (`a backref`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import Extension, Kind, RefKind, Strength
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import reference_names
from pmat_lsp.heap.ranges import ranges

I32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.integer[Any]]

STRENGTHS = (Strength.STRONG, Strength.WEAK, Strength.INDIRECT, Strength.INFERRED)
"""In the order in which they matter."""
DIRECT = Strength.STRONG | Strength.WEAK
ALL = DIRECT | Strength.INDIRECT | Strength.INFERRED
HOLDERS = frozenset((RefKind.ELEMENT, RefKind.VALUE, RefKind.PAD_LEXICAL, RefKind.PAD_TEMPORARY, RefKind.FIELD))
"""What may hold a reference by which an indirect one leads on."""
_IS_HOLDER = np.isin(np.arange(256), list(HOLDERS))
_STRENGTH = np.select([(np.arange(256) & strength) != 0 for strength in STRENGTHS], range(4), len(STRENGTHS) - 1)
"""int64[256], by `Strength` bits: the place in STRENGTHS."""
MAGIC = (Extension.MAGIC, Extension.MAGIC2)
"""The extensions that tell of magic on an SV."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference, seen from one of its ends."""

    name: str
    """`the referrant`, `value {"key"}`."""
    strength: Strength
    """One of STRENGTHS."""
    sv: int
    """The SV at the other end."""


_Placed: TypeAlias = tuple[int, Reference]
"""The place of the row that it belongs to, and a reference."""


def references_out(heap: Heap, sv: int, wanted: Strength = ALL) -> list[Reference]:
    """The references from an SV to others, of the strengths in `wanted`."""
    rows = np.arange(heap.out_start[sv], heap.out_start[sv + 1])
    targets = heap.out_target[rows]
    found = _direct(heap, rows, targets, wanted)
    if wanted & Strength.INDIRECT:
        found += _beyond(heap, rows, targets)
    return _in_order(found)


def references_in(heap: Heap, sv: int, wanted: Strength = ALL) -> list[Reference]:
    """The references from other SVs to this one, of the strengths in `wanted`. Roots are no SVs."""
    rows = heap.in_rows(sv)
    sources = heap.sources(rows)
    found = _direct(heap, rows, sources, wanted)
    if wanted & Strength.INDIRECT:
        found += _before(heap, rows, sources)
    return _in_order(found)


def strength_of(heap: Heap, row: int) -> Strength:
    """The strength of one row of the out_ columns: one of STRENGTHS."""
    return STRENGTHS[_STRENGTH[heap.out_strength[row]]]


def has_magic(heap: Heap, sv: int) -> bool:
    """Whether the dump tells of magic on an SV."""
    return bool(_have_magic(heap, np.array([sv], np.int32))[0])


def _have_magic(heap: Heap, svs: I32) -> Mask:
    # With numbers of another type than the column's numpy would copy it for each search.
    sides = (np.searchsorted(heap.extensions.sv, svs, side=side) for side in ("left", "right"))
    rows, which = ranges(*sides)
    found: Mask = np.bincount(which, np.isin(heap.extensions.type[rows], MAGIC), len(svs)) > 0
    return found


def _direct(heap: Heap, rows: Rows, svs: I32, wanted: Strength) -> list[_Placed]:
    strength = _STRENGTH[heap.out_strength[rows]]
    told = np.flatnonzero(_bits(wanted)[strength])
    columns = told.tolist(), reference_names(heap, rows[told]), strength[told].tolist(), svs[told].tolist()
    return [(at, Reference(name, STRENGTHS[one], sv)) for at, name, one, sv in zip(*columns, strict=True)]


def _beyond(heap: Heap, rows: Rows, targets: I32) -> list[_Placed]:
    """The indirect references that lead over the targets of some rows."""
    over = np.flatnonzero(_holds(heap, rows) & (heap.kind[targets] == Kind.REF))
    over = over[~_have_magic(heap, targets[over])]
    inner, which = _rows_from(heap, targets[over], RefKind.REFERENT)
    found = _via_reference(heap, over[which], rows[over][which], heap.out_target[inner])
    lists = np.flatnonzero((heap.out_kind[rows] == RefKind.BACKREFS) & (heap.kind[targets] == Kind.ARRAY))
    inner, which = _rows_from(heap, targets[lists], RefKind.ELEMENT)
    return found + _backrefs(lists[which], heap.out_target[inner])


def _before(heap: Heap, rows: Rows, sources: I32) -> list[_Placed]:
    """The indirect references that lead over the sources of some rows."""
    over = np.flatnonzero((heap.out_kind[rows] == RefKind.REFERENT) & (heap.kind[sources] == Kind.REF))
    over = over[~_have_magic(heap, sources[over])]
    outer, which = _rows_to(heap, sources[over])
    holds = _holds(heap, outer)
    outer, which = outer[holds], which[holds]
    found = _via_reference(heap, over[which], outer, heap.sources(outer))
    lists = np.flatnonzero((heap.out_kind[rows] == RefKind.ELEMENT) & (heap.kind[sources] == Kind.ARRAY))
    outer, which = _rows_to(heap, sources[lists])
    backrefs = heap.out_kind[outer] == RefKind.BACKREFS
    return found + _backrefs(lists[which[backrefs]], heap.sources(outer[backrefs]))


def _holds(heap: Heap, rows: Rows) -> Mask:
    """Whether each row is an element, value, lexical or field that its source owns."""
    holds: Mask = _IS_HOLDER[heap.out_kind[rows]] & ((heap.out_strength[rows] & Strength.STRONG) != 0)
    return holds


def _rows_from(heap: Heap, svs: I32, kind: RefKind) -> tuple[Rows, Rows]:
    """(the rows of one kind that belong to some SVs, of each the index of the SV)."""
    rows, which = ranges(heap.out_start[svs], heap.out_start[svs + 1])
    of_kind = heap.out_kind[rows] == kind
    return rows[of_kind], which[of_kind]


def _rows_to(heap: Heap, svs: I32) -> tuple[Rows, Rows]:
    """(the rows that refer to some SVs, of each the index of the SV)."""
    places, which = ranges(heap.in_start[svs], heap.in_start[svs + 1])
    return heap.in_ref[places], which


def _via_reference(heap: Heap, places: Rows, rows: Rows, svs: I32) -> list[_Placed]:
    columns = places.tolist(), reference_names(heap, rows), svs.tolist()
    return [(at, Reference(f"{name} via RV", Strength.INDIRECT, sv)) for at, name, sv in zip(*columns, strict=True)]


def _backrefs(places: Rows, svs: I32) -> list[_Placed]:
    columns = places.tolist(), svs.tolist()
    return [(at, Reference("a backref", Strength.INDIRECT, sv)) for at, sv in zip(*columns, strict=True)]


def _in_order(found: list[_Placed]) -> list[Reference]:
    """By the rows to which they belong, the direct one of a row first."""
    return [reference for _, reference in sorted(found, key=lambda placed: placed[0])]


def _bits(wanted: Strength) -> Mask:
    """bool[4]: which of STRENGTHS are wanted."""
    return np.array([bool(strength & wanted) for strength in STRENGTHS])
