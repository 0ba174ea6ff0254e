"""Which SVs nothing alive holds, and which of these are proven leaks.

Perl frees an SV when its count of references falls to 0. An SV that no root reaches, and whose count comes from
references inside the unreachable part alone, can be freed only by code that gets at it through a weak reference. Where
there is no such reference either, nothing can ever free it. The references that own counts are those with
`Strength.COUNTED`.

Outside the proof is what neither a count nor a weak reference shows: C code that keeps a plain address, and Perl code
that makes a reference out of a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.rows import pieces, rows_between, rows_from, rows_to
from pmat_lsp.analysis.weak_registries import registry_entries
from pmat_lsp.format.kinds import Kind, RefKind, Strength
from pmat_lsp.format.roots import PLAIN_POINTER_ROOTS
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.model import Heap
from pmat_lsp.kernels import graph

Mask = npt.NDArray[np.bool_]

_SAVED = tuple(kind for kind in RefKind if kind.name.startswith("SAVED_"))
_UPGRADABLE = np.isin(np.arange(256), (RefKind.REFERENT, RefKind.MAGIC_OBJECT, RefKind.MAGIC2_AUXSV))
"""bool[256], by kind of reference: where code can make a counted reference of one that owns no count."""
_COUNTED_BIT = int(Strength.COUNTED).bit_length() - 1
_BACKREF_MAGIC = ord("<")
_FEW = 4
"""One part in so many of the SVs is few."""


@dataclass(frozen=True)
class Ownership:
    """Masks over the ids 0 to n - 1, and over the rows of the out_ columns."""

    counted: npt.NDArray[np.uint8]
    """uint8[rows]: 1 for the references that own a count."""
    lost: Mask
    """No root reaches it."""
    unexplained: Mask
    """Lost, and it or something that leads to it has more counts than references: the dump does not show the holder."""
    self_held: Mask
    """Lost and not unexplained, but live code can reach it through a weak reference, and so use it and free it."""
    proven: Mask
    """The rest of the lost: nothing can ever free it."""
    ways_in: npt.NDArray[np.int64]
    """int64: rows of the out_ columns: weak references to something self-held, from something alive or unexplained."""
    roots: int
    """Roots that were followed."""


def find_ownership(heap: Heap) -> Ownership:
    """Sort the SVs of a heap into reachable, unexplained and proven."""
    n = heap.n
    roots = root_ids(heap)
    follow = _followed(heap)
    seen = np.zeros(n + 3, np.bool_)
    seen[roots] = True
    lost = ~_reached(heap, follow, np.flatnonzero(seen), np.zeros(n + 3, np.bool_))[:n]
    # In the same array, since there are more references than anything else: COUNTED is the higher one of the two bits.
    counted = np.right_shift(follow, np.uint8(_COUNTED_BIT), out=follow)
    svs = np.flatnonzero(lost).astype(np.int32)
    unexplained = lost & _reached(heap, counted, svs[missing_counts(heap, counted, svs) > 0])[:n]
    explained = lost & ~unexplained
    ways_in, self_held = _weakly_reached(heap, np.append(explained, [False] * 3))
    return Ownership(counted, lost, unexplained, self_held, explained & ~self_held, ways_in, len(roots))


def _followed(heap: Heap) -> npt.NDArray[np.uint8]:
    """uint8, one a row of the out_ columns: not 0 where what a live SV refers to is not lost."""
    # A plain pointer owns nothing, but what a live SV points to is not lost.
    return np.bitwise_and(heap.out_strength, np.uint8(Strength.COUNTED | Strength.STRONG))


def root_ids(heap: Heap) -> npt.NDArray[np.int32]:
    """int32: every SV that perl holds from outside the heap, one entry a root.

    Named roots, the value stack, running CODEs and their arguments, texts of evals, mortals, and the values that
    `local` has put aside, which the save stack owns.
    """
    rows = (piece.start + np.flatnonzero(np.isin(heap.out_kind[piece], _SAVED)) for piece in pieces(len(heap.out_kind)))
    saved = heap.out_target[np.concatenate([np.empty(0, np.intp), *rows])]
    stack, mortals = heap.stack[heap.stack >= 0], heap.mortals[heap.mortals >= 0]
    named = [root.sv for root in heap.roots if root.name not in PLAIN_POINTER_ROOTS]
    roots: npt.NDArray[np.int32] = np.concatenate(
        (np.array(named, np.int32), heap.contexts.svs, stack, mortals, saved)
    ).astype(np.int32)
    return roots


def reached_from_roots(heap: Heap, without: npt.NDArray[np.integer[Any]]) -> Mask:
    """bool[n + 3]: what some root reaches when the rows `without` of the out_ columns are not followed."""
    return reached_beyond(heap, np.zeros(heap.n + 3, np.bool_), root_ids(heap), without)


def reached_beyond(
    heap: Heap, before: Mask, starts: npt.NDArray[np.integer[Any]], without: npt.NDArray[np.integer[Any]]
) -> Mask:
    """bool[n + 3]: `before`, and what more SVs reach without going through it; followed as in `reached_from_roots`."""
    follow = _followed(heap)
    follow[without] = 0
    first = np.zeros(heap.n + 3, np.bool_)
    first[starts] = True
    return _reached(heap, follow, np.flatnonzero(first), before)


def is_way_in(heap: Heap, rows: npt.NDArray[np.integer[Any]]) -> Mask:
    r"""bool, one a row of the out_ columns: whether code that has the source can get at the target.

    That is so for every reference that owns a count and for plain pointers; and for the references without a count that
    code can make a counted one of: what `weaken` makes, the objects of magic that does not own them (`\$#array`, magic
    of XS modules), and the arguments of a running call, which `@_` holds without a count. The weak elements of other
    arrays are perl's own lists of the weak references to an SV, which no code sees.
    """
    kind, owned = heap.out_kind[rows], (heap.out_strength[rows] & (Strength.COUNTED | Strength.STRONG)) != 0
    running = heap.contexts.arguments[heap.contexts.arguments >= 0]
    argument = np.isin(rows, rows_from(heap, running)[0]) & (kind == RefKind.ELEMENT)
    found: Mask = owned | _UPGRADABLE[kind] | argument
    return found


def _weakly_reached(heap: Heap, explained: Mask) -> tuple[npt.NDArray[np.int64], Mask]:
    """(the ways in, bool[n]: which of the explained SVs they lead to), as in `Ownership`."""
    outside = ~explained
    rows = rows_between(heap, outside, explained)
    ways: npt.NDArray[np.int64] = rows[is_way_in(heap, rows)].astype(np.int64)
    ways = ways[~registry_entries(heap, heap.sources(ways))] if len(ways) else ways
    if not len(ways):
        return ways, np.zeros(heap.n, np.bool_)
    # Nothing outside need be walked again: all that leads from there into the explained part is among the ways in.
    follow = followed_inside(heap, explained)
    reached = _reached(heap, follow, distinct(heap.out_target[ways]), outside)
    return ways, (reached & explained)[: heap.n]


def followed_inside(heap: Heap, inside: Mask) -> npt.NDArray[np.uint8]:
    """uint8, one a row of the out_ columns: 1 where it belongs to one of some SVs, and code gets at its target by it.

    Args:
        heap: of the dump.
        inside: bool, of each SV.
    """
    follow = np.zeros(len(heap.out_target), np.uint8)
    svs = np.flatnonzero(inside)
    for piece in pieces(len(svs)):
        rows = rows_from(heap, svs[piece])[0]
        follow[rows] = is_way_in(heap, rows)
    return follow


def _reached(
    heap: Heap, follow: npt.NDArray[np.uint8], starts: npt.NDArray[np.integer], before: Mask | None = None
) -> Mask:
    """bool[n + 3]: `before`, the distinct `starts`, and what these lead to without going through `before`."""
    seen = np.zeros(heap.n + 3, np.uint8) if before is None else before.astype(np.uint8)
    seen[starts] = 1
    queue = np.empty(heap.n + 3, np.int32)
    queue[: len(starts)] = starts
    graph.reach(heap.out_start, heap.out_target, follow, seen, queue, len(starts))
    return seen.astype(np.bool_)


def missing_counts(
    heap: Heap, counted: npt.NDArray[np.uint8], svs: npt.NDArray[np.integer[Any]]
) -> npt.NDArray[np.int64]:
    """int64, one an SV: of lost SVs, the counts that no reference in the dump owns; `counted` as in `Ownership`."""
    missing = np.empty(len(svs), np.int64)
    for piece in pieces(len(svs)):
        missing[piece] = _missing(heap, counted, svs[piece])
    return missing


def _missing(heap: Heap, counted: npt.NDArray[np.uint8], svs: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    rows, which = rows_to(heap, svs)
    # perl keeps the count of a list of weak references one too high (see sv_add_backref in sv.c).
    backrefs = (heap.out_kind[rows] == RefKind.BACKREFS) | (
        (heap.out_kind[rows] == RefKind.MAGIC_OBJECT) & (heap.out_detail[rows] == _BACKREF_MAGIC)
    )
    found = np.bincount(which, counted[rows] != 0, len(svs)).astype(np.int64)
    is_list = (np.bincount(which, backrefs, len(svs)) > 0) & (heap.kind[svs] == Kind.ARRAY)
    missing: npt.NDArray[np.int64] = np.maximum(0, heap.refcount[svs].astype(np.int64) - found - is_list)
    return missing


def components_among(
    heap: Heap, follow: npt.NDArray[np.uint8], svs: npt.NDArray[np.integer[Any]]
) -> tuple[npt.NDArray[np.int32], int]:
    """The strongly connected components among some SVs.

    Args:
        heap: of the dump.
        follow: uint8, of each row of the out_ columns whether it is an edge: `Ownership.counted`.
        svs: ids of the SVs, rising.

    Returns:
        int32[n + 3], the component of each of the SVs, negative for all others; and how many there are. A component
        has a larger number than those that it leads to.
    """
    if len(svs) > heap.n // _FEW:
        return components_of(heap.out_start, heap.out_target, follow, svs)
    # The search takes 24 bytes a node: of a part of a large heap it is done on a graph of that part alone.
    component = np.full(heap.n + 3, -2, np.int32)
    component[svs] = np.arange(len(svs), dtype=np.int32)
    rows, source = rows_from(heap, svs)
    target = component[heap.out_target[rows]]
    inner = (follow[rows] != 0) & (target >= 0)
    start = np.zeros(len(svs) + 1, np.int32)
    np.cumsum(np.bincount(source[inner], minlength=len(svs)), out=start[1:])
    target = target[inner]
    component[svs], found = components_of(start, target, np.ones(len(target), np.uint8), np.arange(len(svs)))
    return component, found


def components_of(
    start: npt.NDArray[np.int32],
    target: npt.NDArray[np.int32],
    follow: npt.NDArray[np.uint8],
    nodes: npt.NDArray[np.integer[Any]],
) -> tuple[npt.NDArray[np.int32], int]:
    """As `components_among`, of any graph in CSR form: the edges of node i are start[i] to start[i + 1]."""
    count = len(start) - 1
    component = np.full(count, -2, np.int32)
    component[nodes] = -1
    low, stack, path, edge = (np.empty(count, np.int32) for _ in range(4))
    found = graph.strong_components(start, target, follow, component, np.zeros(count, np.int32), low, stack, path, edge)
    return component, int(found)
