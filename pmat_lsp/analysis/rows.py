"""The references to and from many SVs at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import Kind, RefKind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.ranges import ranges
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import read_strings
from pmat_lsp.kernels import graph

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

_PIECE = 1 << 18


def rows_to(heap: Heap, svs: npt.NDArray[np.integer]) -> tuple[I64, I64]:
    """(rows of the out_ columns that refer to some SVs, of each the index of the SV)."""
    places, which = ranges(heap.in_start[svs], heap.in_start[svs + 1])
    return heap.in_ref[places].astype(np.int64), which


def rows_from(heap: Heap, svs: npt.NDArray[np.integer]) -> tuple[I64, I64]:
    """(rows of the out_ columns that belong to some SVs, of each the index of the SV)."""
    return ranges(heap.out_start[svs], heap.out_start[svs + 1])


def rows_between(heap: Heap, sources: npt.NDArray[np.bool_], targets: npt.NDArray[np.bool_]) -> I32:
    """int32: the rows of the out_ columns that lead from some SVs to some others, rising.

    Both are bool[n] or bool[n + 3].
    """
    masks = (sources.view(np.uint8), np.pad(targets, (0, heap.n + 3 - len(targets))).view(np.uint8))
    count = graph.crossing(heap.out_start, heap.out_target, *masks, np.empty(0, np.int32))
    rows = np.empty(count, np.int32)
    graph.crossing(heap.out_start, heap.out_target, *masks, rows)
    return rows


def rows_named(heap: Heap, svs: npt.NDArray[np.integer], kind: RefKind, name: str | None) -> I64:
    """The rows of the out_ columns that are the values of some SVs, SV by SV.

    Args:
        heap: of the SVs.
        svs: their ids.
        kind: VALUE or ELEMENT.
        name: the key of a VALUE, the index of an ELEMENT; None: whatever it is.
    """
    all_rows, _ = rows_from(heap, svs)
    rows: I64 = all_rows[heap.out_kind[all_rows] == kind]
    if name is None:
        return rows
    details = heap.out_detail[rows]
    places = np.flatnonzero(details == int(name)) if kind == RefKind.ELEMENT else _with_key(heap, details, name)
    found: I64 = rows[places]
    return found


def _with_key(heap: Heap, details: npt.NDArray[np.int64], key: str) -> npt.NDArray[np.int64]:
    """int64: the places of those keys, of those that begin at some bytes of the dump, that are spelled so."""
    # Few keys are decoded: those that are spelled like this one in one of the two ways.
    spelled = {key.encode(), key.encode("latin-1", "ignore")}
    alike = ((at, found) for at, found in read_strings(heap, details) if found in spelled)
    return np.array(sorted(at for at, found in alike if decode_name(found) == key), np.int64)


def source_of(heap: Heap, row: int) -> int:
    """The SV that a row of the out_ columns belongs to."""
    # With a number of another type numpy would copy the whole column for each search.
    return int(heap.out_start.searchsorted(np.int32(row), "right")) - 1


def pieces(length: int) -> Iterator[slice]:
    """All of a long column, piece by piece, so that what is computed of it is never there at once."""
    return (slice(start, min(start + _PIECE, length)) for start in range(0, length, _PIECE))


def referents(heap: Heap, svs: I32, deepest: int = 1) -> tuple[I32, I32]:
    """(how many plain references are passed, `deepest` at the most; the SV at their end), one of some SVs each."""
    target, depth = svs.copy(), np.zeros(len(svs), np.int32)
    for _ in range(deepest):
        refs = np.flatnonzero((heap.kind[target] == Kind.REF) & (heap.blessed[target] < 0))
        rows, which = rows_from(heap, target[refs])
        follows = heap.out_kind[rows] == RefKind.REFERENT
        passed = refs[which[follows]]
        target[passed] = heap.out_target[rows[follows]]
        depth[passed] += 1
    return depth, target
