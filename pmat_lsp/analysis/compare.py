"""Two dumps of one program: which leaks are new, gone, grown or shrunk; then the same for classes and kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np

from pmat_lsp.analysis.count import KIND, CountOptions, count_table
from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.leaks import Leaks
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.heap.model import Heap

FINDING, CLASS = "finding", "class"
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
    """Findings, the new ones first, then classes and kinds whose counts or bytes changed.

    A finding is the same where its pattern, its classes and the steps of its cycle, with the files and lines of the
    closures, are. Nothing is matched by address, so the dumps may be of two runs of the program.
    """
    rows = [
        *_rows(FINDING, _findings(leaks_before), _findings(leaks_after)),
        *_changed(CLASS, _classes(before), _classes(after)),
        *_changed(KIND, _kinds(before), _kinds(after)),
    ]
    return Table("Leaks, classes and kinds, before and after", _COLUMNS, tuple(rows))


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
    findings = leaks.report.findings
    return {
        name: (finding.count, finding.bytes_total, finding.title)
        for name, finding in zip(finding_ids(findings), findings, strict=True)
    }


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
