"""Several dumps of one program: what came and stayed, and how the counts of each kind grew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.count import CountOptions, count_table
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import description
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
_OFTEN = 4096
"""After so many SVs that are told, progress is."""
Keys = npt.NDArray[np.void]


def stayed_table(heaps: Sequence[Heap], first_only: bool = False, progress: Progress = no_progress) -> Table:
    """The SVs that are new in a dump between the first and the last, and are in every later one.

    Args:
        heaps: of three or more dumps of one process, in the order of time.
        first_only: only those of the first dump that has any.
        progress: called before each dump, and now and then.

    An SV is the same where its address and its kind of body are. `dump` is the number of the dump in which it came.
    """
    keys = [_keys(heap) for heap in heaps]
    last, rows = heaps[-1], list[tuple[Value, ...]]()
    for number in range(1, len(heaps) - 1):
        progress("comparing", number, len(heaps))
        stayed = np.setdiff1d(keys[number], keys[number - 1], assume_unique=True)
        for later in keys[number + 1 :]:
            stayed = np.intersect1d(stayed, later, assume_unique=True)
        for done, address in enumerate(stayed["address"].tolist()):
            if done % _OFTEN == 0:
                progress("telling", done, len(stayed))
            sv = last.id_at(address)
            rows.append((number + 1, address, f"{description(last, sv)} at {address:#x}"))
        if first_only and rows:
            break
    return Table("SVs that came and stayed", _STAYED, tuple(rows))


def _keys(heap: Heap) -> Keys:
    """(address, kind of body) of each SV."""
    body = np.arange(256, dtype=np.uint8)
    for kinds in _BODIES:
        body[list(kinds)] = kinds[0]
    keys = np.empty(heap.n, [("address", np.uint64), ("body", np.uint8)])
    keys["address"], keys["body"] = heap.address[: heap.n], body[heap.kind[: heap.n]]
    return keys


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
