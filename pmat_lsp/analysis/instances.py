"""What classes and packages keep alive: sums of retained sizes over the SVs that belong to each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.largest import first_by
from pmat_lsp.analysis.retained import Retained
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import STASH_KINDS
from pmat_lsp.heap.distinct import distinct, numbered
from pmat_lsp.heap.model import Heap

I32 = npt.NDArray[np.int32]

_MEASURES = (Column("size", Unit.BYTES), Column("retained", Unit.BYTES), Column("svs", Unit.COUNT))


def class_table(heap: Heap, sizes: Retained, count: int) -> Table:
    """The classes whose objects keep the most memory alive, each object by itself.

    An object inside another of its class is counted once. What objects hold only together, none of them retains.
    """
    svs = np.flatnonzero(heap.blessed[: heap.n] >= 0).astype(np.int32)
    columns = (Column("class", Unit.TEXT), Column("objects", Unit.COUNT), *_MEASURES)
    groups = _Groups(heap, sizes, svs, heap.blessed[svs])
    return _table("What the objects of each class keep alive", columns, groups, count)


def package_table(heap: Heap, sizes: Retained, count: int) -> Table:
    """The packages that keep the most memory alive: symbol table, globs, subs and objects, each by itself.

    What is inside something else of its package is counted once. A package that alone holds another one, as `Net`
    holds `Net::Conn`, retains that as well.
    """
    objects = np.flatnonzero(heap.blessed[: heap.n] >= 0).astype(np.int32)
    pairs = (
        (heap.stashes.sv, heap.stashes.sv),
        (heap.globs.sv, heap.globs.stash),
        (heap.codes.sv, heap.codes.stash),
        (objects, heap.blessed[objects]),
    )
    svs, stash = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    known = (stash >= 0) & np.isin(heap.kind[stash], [int(kind) for kind in STASH_KINDS])
    # Each pair once, as a number.
    belongs = distinct(svs[known].astype(np.int64) * (heap.n + 3) + stash[known])
    members, packages = (part.astype(np.int32) for part in np.divmod(belongs, heap.n + 3))
    columns = (Column("package", Unit.TEXT), Column("members", Unit.COUNT), *_MEASURES)
    groups = _Groups(heap, sizes, members, packages)
    return _table("What each package keeps alive", columns, groups, count)


class _Groups:
    """Sums over SVs grouped by stash."""

    def __init__(self, heap: Heap, sizes: Retained, svs: I32, stash: I32) -> None:
        self.stash, group = numbered(stash)
        outermost = sizes.outermost(svs, group)
        tops, top_group = svs[outermost], group[outermost]
        self.members = np.bincount(group, minlength=len(self.stash))
        self.size = self._sum(group, heap.size[svs])
        self.retained = self._sum(top_group, sizes.bytes[tops])
        self.svs = np.bincount(top_group, sizes.svs[tops], minlength=len(self.stash)).astype(np.int64)
        self._heap = heap

    def _sum(self, group: npt.NDArray[np.intp], values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        # Not bincount, whose sums are floating-point numbers.
        total = np.zeros(len(self.stash), np.uint64)
        np.add.at(total, group, values)
        return total

    def row(self, number: int) -> tuple[Value, ...]:
        sums = (self.members, self.size, self.retained, self.svs)
        name = self._heap.stash_name(int(self.stash[number])) or "(without a name)"
        return (name, *(int(column[number]) for column in sums))


def _table(title: str, columns: Sequence[Column], groups: _Groups, count: int) -> Table:
    chosen = first_by(groups.retained, count)
    rows = tuple(groups.row(number) for number in chosen)
    return Table(title, tuple(columns), rows, len(groups.stash) - len(rows))
