"""The references from and to one SV with their names, those that lead over another SV included.

The columns of `Heap` have the direct references. Devel::MAT tells two kinds more, by two hops: what an element, value,
lexical or field refers to that is itself a reference (`element [0] via RV`), and what a hash's list of weak references
names (`a backref`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pmat_lsp.format.kinds import Extension, Kind, RefKind, Strength
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import reference_name

STRENGTHS = (Strength.STRONG, Strength.WEAK, Strength.INDIRECT, Strength.INFERRED)
"""In the order in which they matter."""
DIRECT = Strength.STRONG | Strength.WEAK
ALL = DIRECT | Strength.INDIRECT | Strength.INFERRED
HOLDERS = frozenset((RefKind.ELEMENT, RefKind.VALUE, RefKind.PAD_LEXICAL, RefKind.PAD_TEMPORARY, RefKind.FIELD))
"""What may hold a reference by which an indirect one leads on."""
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


def references_out(heap: Heap, sv: int, wanted: Strength = ALL) -> list[Reference]:
    """The references from an SV to others, of the strengths in `wanted`."""
    found = []
    for row in heap.out_rows(sv):
        found.append(Reference(reference_name(heap, row), strength_of(heap, row), int(heap.out_target[row])))
        if wanted & Strength.INDIRECT:
            found += _beyond(heap, row)
    return [reference for reference in found if reference.strength & wanted]


def references_in(heap: Heap, sv: int, wanted: Strength = ALL) -> list[Reference]:
    """The references from other SVs to this one, of the strengths in `wanted`. Roots are no SVs."""
    found = []
    for row in heap.in_rows(sv).tolist():
        source = int(heap.out_source[row])
        if strength_of(heap, row) & wanted:
            found.append(Reference(reference_name(heap, row), strength_of(heap, row), source))
        if wanted & Strength.INDIRECT:
            found += _before(heap, row, source)
    return found


def strength_of(heap: Heap, row: int) -> Strength:
    """The strength of one row of the out_ columns: one of STRENGTHS."""
    bits = int(heap.out_strength[row])
    return next((strength for strength in STRENGTHS if bits & strength), Strength.INFERRED)


def has_magic(heap: Heap, sv: int) -> bool:
    """Whether the dump tells of magic on an SV."""
    rows = slice(*np.searchsorted(heap.extensions.sv, [sv, sv + 1]))
    return bool(np.isin(heap.extensions.type[rows], MAGIC).any())


def _beyond(heap: Heap, row: int) -> Iterator[Reference]:
    """The indirect references that lead over the target of a row."""
    target = int(heap.out_target[row])
    if _holds(heap, row) and _is_plain_reference(heap, target):
        for inner in heap.out_rows(target):
            if heap.out_kind[inner] == RefKind.REFERENT:
                yield _via_reference(heap, row, int(heap.out_target[inner]))
    if heap.out_kind[row] == RefKind.BACKREFS and heap.kind[target] == Kind.ARRAY:
        for inner in heap.out_rows(target):
            if heap.out_kind[inner] == RefKind.ELEMENT:
                yield Reference("a backref", Strength.INDIRECT, int(heap.out_target[inner]))


def _before(heap: Heap, row: int, source: int) -> Iterator[Reference]:
    """The indirect references that lead over the source of a row."""
    if heap.out_kind[row] == RefKind.REFERENT and _is_plain_reference(heap, source):
        for outer in heap.in_rows(source).tolist():
            if _holds(heap, outer):
                yield _via_reference(heap, outer, int(heap.out_source[outer]))
    if heap.out_kind[row] == RefKind.ELEMENT and heap.kind[source] == Kind.ARRAY:
        for outer in heap.in_rows(source).tolist():
            if heap.out_kind[outer] == RefKind.BACKREFS:
                yield Reference("a backref", Strength.INDIRECT, int(heap.out_source[outer]))


def _holds(heap: Heap, row: int) -> bool:
    """Whether a row is an element, value, lexical or field that its source owns."""
    return int(heap.out_kind[row]) in HOLDERS and bool(heap.out_strength[row] & Strength.STRONG)


def _is_plain_reference(heap: Heap, sv: int) -> bool:
    return bool(heap.kind[sv] == Kind.REF) and not has_magic(heap, sv)


def _via_reference(heap: Heap, row: int, sv: int) -> Reference:
    return Reference(f"{reference_name(heap, row)} via RV", Strength.INDIRECT, sv)
