"""What depends on several records: which arrays are pads, what their elements are, how strong some references are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.header import Layout
from pmat_lsp.format.kinds import Kind, RefKind
from pmat_lsp.heap.distinct import last_of_each
from pmat_lsp.heap.model import CodeTable, PadnameTable
from pmat_lsp.heap.packed import Packed
from pmat_lsp.heap.ranges import ranges
from pmat_lsp.heap.references import (
    SETTLED_LATER,
    STRENGTHS,
    References,
    shared_ops_counted_once,
    shared_slots_counted_once,
    strengths,
)

I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]

_PIECE = 1 << 20
_PADS_IN_CODE = (5, 18, 0)
"""From this perl on a CODE's record names its pads; before, its padlist is an array of them."""


@dataclass(frozen=True, eq=False, repr=False)
class Pads:
    """Arrays that are pads, padnames and padlists, in ascending order, and the CODE that each belongs to."""

    sv: I32
    owner: I32


@dataclass(frozen=True, eq=False, repr=False)
class Columns:
    """Columns of `heap.model` while they are being made: kind, out_kind and out_strength still change."""

    kind: U8
    flags: U8
    offset: Packed[np.int64]
    length: Packed[np.int64]
    out_start: I32
    out_target: I32
    out_kind: U8
    out_strength: U8
    out_detail: Packed[np.int64]

    def sources(self, rows: npt.NDArray[np.integer[Any]]) -> I32:
        """int32: the SVs that rows belong to."""
        rows = rows.astype(np.int32, copy=False)
        return (np.searchsorted(self.out_start, rows, side="right") - 1).astype(np.int32)

    def elements_of(self, arrays: I32) -> tuple[npt.NDArray[np.intp], References]:
        """(rows, references): the elements of arrays."""
        rows, which = ranges(self.out_start[arrays], self.out_start[arrays + 1])
        is_element = self.out_kind[rows] == RefKind.ELEMENT
        rows, source = rows[is_element], arrays[which[is_element]]
        return rows, References(source, self.out_target[rows], self.out_kind[rows], self.out_detail[rows])

    def name(self, rows: npt.NDArray[np.intp], kind: npt.ArrayLike) -> None:
        """Set the kind of some references, with the default strength of that kind."""
        self.out_kind[rows] = kind
        self.out_strength[rows] = STRENGTHS[self.out_kind[rows]]


@dataclass(frozen=True, eq=False, repr=False)
class Later:
    """The references of the kinds SETTLED_LATER, in the order of the file."""

    rows: I32
    references: References
    """Without their details."""


def references_settled_later(columns: Columns) -> Later:
    """Those of a dump."""
    wanted = np.zeros(256, np.bool_)
    wanted[list(SETTLED_LATER)] = True
    # Piece by piece, and narrow: where there is much code, these are many.
    pieces = [
        (start + np.flatnonzero(wanted[columns.out_kind[start : start + _PIECE]])).astype(np.int32)
        for start in range(0, len(columns.out_kind), _PIECE)
    ]
    rows = np.concatenate([np.zeros(0, np.int32), *pieces])
    rows = rows[np.argsort(columns.offset[columns.sources(rows)], kind="stable")]
    no_detail = np.broadcast_to(np.int64(0), rows.shape)
    return Later(rows, References(columns.sources(rows), columns.out_target[rows], columns.out_kind[rows], no_detail))


def settle_strengths(columns: Columns, later: Later, codes: CodeTable, layout: Layout) -> None:
    """Put right the strengths that the target or another reference decides on.

    Where several SVs share what is counted once, the first one in the file has it.
    """
    rows, refs = later.rows, later.references
    strength = strengths(refs, columns.kind, columns.flags, layout)
    shared_slots_counted_once(refs, strength, len(columns.kind))
    if not layout.ithreads:
        shared_ops_counted_once(refs, strength, codes.sv, codes.oproot)
    columns.out_strength[rows] = strength


def settle_pads(
    columns: Columns,
    later: Later,
    perl_version: tuple[int, int, int],
    padnames: PadnameTable,
    names_in_arrays: Callable[[References], PadnameTable],
) -> tuple[Pads, PadnameTable]:
    """Find the pads, padnames and padlists among the arrays, and name the kinds of their elements.

    Args:
        columns: of the dump.
        later: of the dump. Should two CODEs claim one array, the later one in the file has it.
        perl_version: of the dump.
        padnames: those that the records of CODEs have.
        names_in_arrays: those that stand in arrays instead; given the elements of these, each with its CODE as source.
    """
    pads: dict[Kind, list[tuple[I32, I32]]] = {Kind.PADLIST: [], Kind.PADNAMES: [], Kind.PAD: []}

    def claim(own: Kind, targets: I32, codes: I32) -> None:
        is_array = columns.kind[targets] == Kind.ARRAY
        arrays, last = last_of_each(targets[is_array])
        columns.kind[arrays] = own
        pads[own].append((arrays, codes[is_array][last]))

    def claim_all(own: Kind, by: RefKind) -> None:
        claims = later.references.chosen(later.references.kind == by)
        claim(own, claims.target, claims.source)

    claim_all(Kind.PADLIST, RefKind.CODE_PADLIST)
    lists, owners = pads[Kind.PADLIST][0]
    rows, elements = columns.elements_of(lists)
    is_names = elements.detail == 0
    columns.name(rows, np.where(is_names, RefKind.PADLIST_NAMES, RefKind.PADLIST_PAD))
    if perl_version < _PADS_IN_CODE:
        in_file = np.argsort(columns.offset[elements.source], kind="stable")
        for own, which in ((Kind.PADNAMES, is_names), (Kind.PAD, ~is_names)):
            chosen = in_file[which[in_file]]
            claim(own, elements.target[chosen], owners[np.searchsorted(lists, elements.source[chosen])])
    claim_all(Kind.PADNAMES, RefKind.CODE_PADNAMES)
    claim_all(Kind.PAD, RefKind.CODE_PAD)

    tables = {own: _table(found) for own, found in pads.items()}
    rows, elements = columns.elements_of(tables[Kind.PADNAMES].sv)
    if len(rows):
        columns.name(rows, RefKind.PADNAMES_ELEMENT)
        padnames = names_in_arrays(_by_code(elements, tables[Kind.PADNAMES]))
    rows, elements = columns.elements_of(tables[Kind.PAD].sv)
    of_codes = _by_code(elements, tables[Kind.PAD])
    named = padnames.names_of(of_codes.source, of_codes.detail) >= 0
    kind = np.where(named, RefKind.PAD_LEXICAL, RefKind.PAD_TEMPORARY)
    kind[elements.detail == 0] = RefKind.PAD_ARGS
    columns.name(rows, kind)
    return _table([pair for found in pads.values() for pair in found]), padnames


def _table(found: list[tuple[I32, I32]]) -> Pads:
    sv, owner = (np.concatenate([np.zeros(0, np.int32), *column]) for column in zip(*found, strict=True))
    order = np.argsort(sv, kind="stable")
    return Pads(sv[order], owner[order])


def _by_code(elements: References, pads: Pads) -> References:
    """The same, each with the CODE as its source to which the array belongs."""
    code = pads.owner[np.searchsorted(pads.sv, elements.source)]
    return References(code, elements.target, elements.kind, elements.detail)
