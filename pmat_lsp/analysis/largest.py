"""The largest SVs, by their own memory, their structure, what they own, or what they retain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.all_sizes import owned_sizes, structure_sizes
from pmat_lsp.analysis.labels import labels
from pmat_lsp.analysis.retained import Retained
from pmat_lsp.analysis.size import owned_among, owning, structure_svs
from pmat_lsp.analysis.tables import Column, Table, Tree, TreeRow, Unit, Value
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described
from pmat_lsp.heap.progress import Progress, no_progress

I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]
OTHERS = "others"
_BLOCK = 1024
"""Values whose maximum is looked at first."""

_SV, _DESCRIPTION = Column("sv", Unit.SV), Column("description", Unit.TEXT)
_SIZE, _RETAINED = Column("size", Unit.BYTES), Column("retained", Unit.BYTES)
_SVS = Column("svs", Unit.COUNT)


@dataclass(frozen=True)
class Measure:
    """A way to measure SVs, with what the size of one is made of."""

    title: str
    sizes: U64
    """uint64[n]: bytes of each SV."""
    members: Callable[[int], I32] | None = None
    """The other SVs whose bytes count in the size of one; None where each is measured by itself."""


def by_itself(heap: Heap) -> Measure:
    """Each SV's own memory."""
    return Measure("The largest SVs, each by itself", heap.size[: heap.n])


def by_structure(heap: Heap) -> Measure:
    """Each SV with its elements, values or pads."""
    return Measure("The largest SVs, with their structure", structure_sizes(heap), lambda sv: structure_svs(heap, sv))


def by_owned(heap: Heap, progress: Progress = no_progress) -> Measure:
    """Each SV with all that it owns."""
    owns = owning(heap)
    sizes = owned_sizes(heap, progress)
    return Measure("The largest SVs, with what they own", sizes, lambda sv: owned_among(heap, owns, sv))


def largest_tree(heap: Heap, measure: Measure, counts: Sequence[int], progress: Progress = no_progress) -> Tree:
    """The largest SVs; below each the largest of its members, and so on.

    Behind the SVs of each level stands `OTHERS`, without an address: the bytes, each by itself, of those that have not
    been told, unless there are none.

    Args:
        heap: of the SVs.
        measure: what is large.
        counts: how many of each level; there are as many levels, or one where SVs are measured by themselves.
        progress: called now and then.
    """
    told = np.zeros(heap.n, np.bool_)
    levels = counts if measure.members else counts[:1]

    def level(svs: I32, depth: int) -> Iterator[TreeRow]:
        for i in first_by(measure.sizes[svs], levels[depth]):
            progress("largest", depth, len(levels))
            sv = int(svs[i])
            told[sv] = True
            yield TreeRow(depth, (heap.address_of(sv), described(heap, sv), int(measure.sizes[sv])), 0)
            if measure.members and depth + 1 < len(levels):
                members = measure.members(sv)
                members = members[members != sv]
                yield from level(members, depth + 1)
                told[members] = True
        if others := int(heap.size[svs[~told[svs]]].sum()):
            yield TreeRow(depth, (None, OTHERS, others), 0)

    rows = tuple(level(np.arange(heap.n, dtype=np.int32), 0))
    return Tree(measure.title, (_SV, Column("is", Unit.TEXT), _SIZE), rows)


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
    candidates: npt.NDArray[np.intp] = np.arange(len(sizes))
    if count * _BLOCK < len(sizes):
        # None of them is outside the `count` blocks whose own largest values come first: each of these has one that
        # comes before it. Sorting or partitioning all values takes long, most of all where they are nearly equal.
        first = np.arange(0, len(sizes), _BLOCK)
        blocks = first[np.sort(_largest_first(np.maximum.reduceat(sizes, first))[:count])]
        candidates = (blocks[:, np.newaxis] + np.arange(_BLOCK)).ravel()
        candidates = candidates[candidates < len(sizes)]
    chosen: list[int] = candidates[_largest_first(sizes[candidates])[:count]].tolist()
    return chosen


def _largest_first(sizes: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    """The indices of all values, largest first, equal ones in their order."""
    return np.argsort(~sizes, kind="stable")
