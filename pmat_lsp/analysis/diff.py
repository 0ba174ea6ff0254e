"""What only one of two dumps has, by address: as trees, each SV under the one that it is first reached from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.descriptions import all_described
from pmat_lsp.analysis.matched import matched
from pmat_lsp.analysis.tables import Column, Tree, TreeRow, Unit
from pmat_lsp.format.kinds import Kind, RefKind, Strength
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.neighbours import HOLDERS, MAGIC
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.kernels import dominators, forest

GONE, NEW, COMMON = "gone", "new", "common"
"""What a row is about: SVs of the first dump alone, of the second alone, of both."""
_COLUMNS = (
    Column("change", Unit.TEXT),
    Column("count", Unit.COUNT),
    Column("sv", Unit.SV),
    Column("is", Unit.TEXT),
    Column("note", Unit.TEXT),
)
_NOTED = {RefKind.MRO_ISA: "mro_isa", RefKind.MRO_LINEAR_CURRENT: "mro_linearcurrent"}
_STEP = 1 << 16
"""So many SVs are described at once."""
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]


def diff_tree(before: Heap, after: Heap, most: int | None = None, progress: Progress = no_progress) -> Tree:
    """The SVs that are gone, under a row with their number; the new ones likewise; how many both dumps have.

    Args:
        before: the older dump.
        after: the newer one.
        most: so many of the SVs that are gone, and so many of the new ones, are told; None for all.
        progress: called now and then.

    An SV is the same where its address is. Perl uses the memory of a freed SV again, so some that are told to be
    common are others by now.
    """
    progress("comparing", 0, 1)
    in_after = matched(before.address[: before.n], after.address[: after.n])
    gone = np.flatnonzero(in_after < 0).astype(np.int32)
    is_new = np.ones(after.n, np.bool_)
    is_new[in_after[in_after >= 0]] = False
    rows = [
        *_side(before, GONE, gone, most, progress),
        *_side(after, NEW, np.flatnonzero(is_new).astype(np.int32), most, progress),
        TreeRow(0, (COMMON, before.n - len(gone), None, None, None), 0),
    ]
    return Tree("SVs that differ", _COLUMNS, tuple(rows))


def _side(heap: Heap, change: str, svs: I32, most: int | None, progress: Progress) -> Iterator[TreeRow]:
    told = len(svs) if most is None else min(most, len(svs))
    yield TreeRow(0, (change, len(svs), None, str(heap.path), None), len(svs) - told)
    if not told:
        return
    notes = _notes(heap)
    order, depths = forest_of(heap, svs)
    for start in range(0, told, _STEP):
        progress("comparing", start, told)
        part = slice(start, min(start + _STEP, told))
        ids = order[part]
        columns = ids.tolist(), depths[part].tolist(), heap.address[ids].tolist(), all_described(heap, ids)
        for sv, depth, address, text in zip(*columns, strict=True):
            yield TreeRow(depth, (change, None, address, text, notes.get(sv)), 0)


def forest_of(heap: Heap, svs: I32) -> tuple[I32, I32]:
    """(the SVs, each followed by those under it; how deep each is, from 1 on).

    Breadth first from each SV that is not yet reached.
    """
    unreached = np.zeros(heap.n + 3, np.uint8)
    unreached[svs] = 1
    order, parent, depth, size, free, position = (np.empty(len(svs) + 1, np.int32) for _ in range(6))
    passed = np.zeros(heap.n + 3, np.uint8)
    forest.grow(
        heap.out_start, heap.out_target, heap.out_kind, _beyond(heap), svs, unreached, passed, order, parent, depth
    )
    dominators.sum_up(parent, size, np.zeros(len(order), np.uint64))
    dominators.number_subtrees(parent, size, free, position)
    told, depths = np.empty_like(order), np.empty_like(depth)
    told[position], depths[position] = order, depth
    return told[1:], depths[1:]


def _beyond(heap: Heap) -> U8:
    """uint8[rows]: the RefKind of the references of its target that a row leads on to, as `heap.neighbours` says."""
    plain_reference, array = heap.kind == Kind.REF, heap.kind == Kind.ARRAY
    plain_reference[heap.extensions.sv[np.isin(heap.extensions.type, MAGIC)]] = False
    holds = np.isin(heap.out_kind, list(HOLDERS)) & ((heap.out_strength & Strength.STRONG) != 0)
    beyond = np.zeros(len(heap.out_kind), np.uint8)
    beyond[holds & plain_reference[heap.out_target]] = RefKind.REFERENT
    backrefs = np.flatnonzero(heap.out_kind == RefKind.BACKREFS)
    beyond[backrefs[array[heap.out_target[backrefs]]]] = RefKind.ELEMENT
    return beyond


def _notes(heap: Heap) -> dict[int, str]:
    """What perl itself keeps in an SV: `mro_isa of Net::Conn`."""
    notes = {}
    for kind, name in _NOTED.items():
        for row in np.flatnonzero(heap.out_kind == kind).tolist():
            notes[int(heap.out_target[row])] = f"{name} of {heap.stash_name(int(heap.out_source[row])) or '(no name)'}"
    return notes
