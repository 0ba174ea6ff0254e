"""Several dumps of one program: what came and stayed, and how the counts of each kind grew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.count import CountOptions, count_table
from pmat_lsp.analysis.descriptions import descriptions
from pmat_lsp.analysis.matched import matched
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress, no_progress

_BODIES = (
    (Kind.SCALAR, Kind.REF, Kind.UNDEF, Kind.YES, Kind.NO),
    (Kind.ARRAY, Kind.PADLIST, Kind.PADNAMES, Kind.PAD),
    (Kind.HASH, Kind.STASH, Kind.CLASS),
)
"""Kinds that one SV can change between while it lives; each of the others stands alone."""
_STAYED = (Column("dump", Unit.COUNT), Column("sv", Unit.SV), Column("is", Unit.TEXT))
_CHANGES = ("count", "blessed", "bytes", "blessed_bytes")
_COUNTS = (
    Column("dump", Unit.COUNT),
    Column("path", Unit.TEXT),
    Column("about", Unit.TEXT),
    Column("name", Unit.TEXT),
    Column("count", Unit.COUNT),
    Column("blessed", Unit.COUNT),
    Column("bytes", Unit.BYTES),
    Column("blessed_bytes", Unit.BYTES),
    *(Column(f"{name}_change", Unit.BYTES if "bytes" in name else Unit.COUNT) for name in _CHANGES),
)
_OFTEN = 1 << 16
"""So many SVs are described at once."""
_BODY = np.arange(256, dtype=np.uint8)
"""uint8[256], by Kind: the kind that stands for all with which it shares a kind of body."""
for _kinds in _BODIES:
    _BODY[list(_kinds)] = _kinds[0]
I32 = npt.NDArray[np.int32]


def stayed_table(
    heaps: Sequence[Heap], first_only: bool = False, most: int | None = None, progress: Progress = no_progress
) -> Table:
    """The SVs that are new in a dump between the first and the last, and are in every later one.

    Args:
        heaps: of three or more dumps of one process, in the order of time.
        first_only: only those of the first dump that has any.
        most: so many are told; None for all.
        progress: called before each dump, and now and then.

    An SV is the same where its address and its kind of body are. `dump` is the number of the dump in which it came.
    """
    last, rows, found = heaps[-1], list[tuple[Value, ...]](), 0
    for number in range(1, len(heaps) - 1):
        progress("comparing", number, len(heaps))
        heap = heaps[number]
        stayed = np.flatnonzero(_same(heap, np.arange(heap.n, dtype=np.int32), heaps[number - 1]) < 0).astype(np.int32)
        svs = stayed
        for later in heaps[number + 1 :]:
            svs = _same(heap, stayed, later)
            stayed, svs = stayed[svs >= 0], svs[svs >= 0]
        found += len(svs)
        told = svs if most is None else svs[: most - len(rows)]
        for start in range(0, len(told), _OFTEN):
            progress("telling", start, len(told))
            part = told[start : start + _OFTEN]
            described = zip(last.address[part].tolist(), descriptions(last, part), strict=True)
            rows += [(number + 1, address, f"{text} at {address:#x}") for address, text in described]
        if first_only and found:
            break
    return Table("SVs that came and stayed", _STAYED, tuple(rows), found - len(rows))


def _same(heap: Heap, svs: I32, other: Heap) -> I32:
    """int32: of some SVs, sorted, the ids in another dump; -1 for those that it does not have."""
    found = matched(heap.address[svs], other.address[: other.n])
    found[_BODY[heap.kind[svs]] != _BODY[other.kind[found]]] = -1
    return found


def counts_table(heaps: Sequence[Heap], progress: Progress = no_progress) -> Table:
    """The rows of `count` for each dump, and behind them how much each number changed since the dump before.

    A kind that the dump before had, and this one has not, is told with 0. `dump` is the number of the dump, 1-based:
    one may be given twice. `progress` is called before each dump.
    """
    rows = list[tuple[Value, ...]]()
    before: dict[tuple[Value, ...], tuple[int, ...]] = {}
    for number, heap in enumerate(heaps):
        progress("counting", number, len(heaps))
        now = {row[:2]: tuple(int(value or 0) for value in row[2:]) for row in count_table(heap, CountOptions()).rows}
        nothing = (0,) * len(_CHANGES)
        for key in sorted(now.keys() | before.keys(), key=str):
            values, old = now.get(key, nothing), before.get(key, nothing)
            changes = [new - then for new, then in zip(values, old, strict=True)] if number else [None] * len(_CHANGES)
            rows.append((number + 1, str(heap.path), *key, *values, *changes))
        before = now
    return Table("SVs by kind, dump by dump", _COUNTS, tuple(rows))
