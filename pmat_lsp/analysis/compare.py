"""Two dumps of one program: which leaks are new, gone, grown or shrunk; the same for containers, classes and kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.count import KIND, CountOptions, count_table
from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.labels import known_as
from pmat_lsp.analysis.leaks import Leaks
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.model import Heap

FINDING, CONTAINER, CLASS = "finding", "container", "class"
MOST_CONTAINERS = 2000
"""So many arrays and hashes of a dump, the longest, are asked for a name."""
_COUNT = re.compile(r"\([0-9]+\)$")
_OF_PLAIN_HASH = " of HASH"
_MOST_CHANGED = 20
"""So many containers are told."""
_COLUMNS = (
    Column("about", Unit.TEXT),
    Column("change", Unit.TEXT),
    Column("name", Unit.TEXT),
    Column("what", Unit.TEXT),
    Column("count_before", Unit.COUNT),
    Column("count_after", Unit.COUNT),
    Column("bytes_before", Unit.BYTES),
    Column("bytes_after", Unit.BYTES),
)
_ORDER = ("new", "grown", "shrunk", "gone", "same")
Told: TypeAlias = tuple[int, int, str | None]
"""(count, bytes, what it is)."""


def compare_table(before: Heap, leaks_before: Leaks, after: Heap, leaks_after: Leaks) -> Table:
    """Findings, the new ones first, then containers, classes and kinds whose counts or bytes changed.

    Containers are arrays and hashes that a variable or a key leads to, as `known_as` names them; all of one name are
    one, and their elements are counted. A finding is the same where its pattern, its classes and the steps of its
    cycle, with the files and lines of the closures, are; self-held ones are told, too: whether they pile up is what
    tells a leak from a cycle that is meant. Nothing is matched by address, so the dumps may be of two runs of the
    program.
    """
    rows = [
        *_rows(FINDING, _findings(leaks_before), _findings(leaks_after)),
        *_containers_changed(*_containers(before, after)),
        *_changed(CLASS, _classes(before), _classes(after)),
        *_changed(KIND, _kinds(before), _kinds(after)),
    ]
    return Table("Leaks, containers, classes and kinds, before and after", _COLUMNS, tuple(rows))


def _rows(about: str, before: Mapping[str, Told], after: Mapping[str, Told]) -> list[tuple[Value, ...]]:
    rows = [(_ORDER.index(_change(before.get(name), after.get(name))), name) for name in before.keys() | after.keys()]

    def row(order: int, name: str) -> tuple[Value, ...]:
        old, new = before.get(name, (0, 0, None)), after.get(name, (0, 0, None))
        return about, _ORDER[order], name, new[2] or old[2], old[0], new[0], old[1], new[1]

    return sorted((row(*pair) for pair in rows), key=_weight)


def _weight(row: tuple[Value, ...]) -> tuple[int, int, str]:
    return _ORDER.index(str(row[1])), -abs(int(row[7] or 0) - int(row[6] or 0)), str(row[2])


def _changed(about: str, before: Mapping[str, Told], after: Mapping[str, Told]) -> Iterator[tuple[Value, ...]]:
    return (row for row in _rows(about, before, after) if row[1] != "same")


def _change(old: Told | None, new: Told | None) -> str:
    if old is None or new is None:
        return "new" if old is None else "gone"
    if new[:2] == old[:2]:
        return "same"
    return "grown" if new[:2] > old[:2] else "shrunk"


def _findings(leaks: Leaks) -> dict[str, Told]:
    findings = leaks.report.all_findings
    return {
        name: (finding.count, finding.bytes_total, finding.title)
        for name, finding in zip(finding_ids(findings), findings, strict=True)
    }


def _containers_changed(before: Mapping[str, Told], after: Mapping[str, Told]) -> list[tuple[Value, ...]]:
    """Those with more or fewer elements, most first; how much room perl has made for these is not told.

    A key that only one dump has in a hash without a class is data, and no name.
    """
    rows = (row for row in _rows(CONTAINER, before, after) if row[4] != row[5])
    rows = (row for row in rows if row[1] in ("grown", "shrunk") or not str(row[2]).endswith(_OF_PLAIN_HASH))
    return sorted(rows, key=lambda row: -abs(int(row[5] or 0) - int(row[4] or 0)))[:_MOST_CHANGED]


def _containers(*heaps: Heap) -> list[dict[str, Told]]:
    """Of each dump; those that are as short as one that is left out are left out of all, or that were a change."""
    ids = [heap.ids_of(Kind.ARRAY, Kind.HASH) for heap in heaps]
    lengths = [heap.length[svs] for heap, svs in zip(heaps, ids, strict=True)]
    least = max(map(_too_short, lengths))
    return [_by_name(heap, svs[of > least]) for heap, svs, of in zip(heaps, ids, lengths, strict=True)]


def _too_short(lengths: npt.NDArray[np.int64]) -> int:
    """The most elements of a container that is left out."""
    return int(np.partition(lengths, -MOST_CONTAINERS)[-MOST_CONTAINERS]) if len(lengths) > MOST_CONTAINERS else 0


def _by_name(heap: Heap, svs: npt.NDArray[np.intp]) -> dict[str, Told]:
    sums: dict[str, Told] = {}
    for sv in svs.tolist():
        # Of the holder's own number of elements nothing is to be in a name.
        if name := _COUNT.sub("", known_as(heap, sv)):
            count, size, _ = sums.get(name, (0, 0, None))
            kind = Kind(int(heap.kind[sv])).name
            sums[name] = count + int(heap.length[sv]), size + int(heap.size[sv]), kind
    return sums


def _classes(heap: Heap) -> dict[str, Told]:
    sums: dict[str, Told] = {}
    blessed = heap.blessed[: heap.n]
    for stash in np.unique(blessed[blessed >= 0]).tolist():
        of_class = blessed == stash
        name = heap.stash_name(stash) or "(without a name)"
        count, size, _ = sums.get(name, (0, 0, None))
        sums[name] = count + int(of_class.sum()), size + int(heap.size[: heap.n][of_class].sum()), None
    return sums


def _kinds(heap: Heap) -> dict[str, Told]:
    rows = count_table(heap, CountOptions()).rows
    return {str(row[1]): (int(row[2] or 0), int(row[4] or 0), None) for row in rows if row[0] == KIND}
