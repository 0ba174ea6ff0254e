"""Two dumps of one program: which leaks are new, gone, grown or shrunk; the same for containers, classes and kinds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.blanks import blanked
from pmat_lsp.analysis.count import KIND
from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.leaks import Leaks
from pmat_lsp.analysis.names import NameKind, names_of
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import Kind, kind_name, kind_of
from pmat_lsp.heap.model import Heap

FINDING, CONTAINER, CLASS = "finding", "container", "class"
MOST_CONTAINERS = 2000
"""So many arrays and hashes of a dump, the longest, are asked for a name."""
_MOST_CHANGED = 20
"""So many containers are told."""
_ROOM, _ROOM_SHARE = 16 * 1024, 100
"""Of equally many SVs so many bytes more, or one in so many, are room: how much perl makes differs from run to run."""
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
_ORDER = ("new", "grown", "shrunk", "gone")
_STASH_CACHE = "stashcache"
"""The root of the hash in which perl keeps the addresses of packages that methods were called of."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """What a dump has under one name."""

    numbers: tuple[int, int] = (0, 0)
    """Count and bytes."""
    title: str | None = None
    """Of a finding."""
    is_data: bool = False
    """Whether the name is a key that is as often data as a name."""


_Sums: TypeAlias = Mapping[tuple[str, str | None], _Sum]
"""By name, and the kind of SV that it is a name of."""


class _Pair(NamedTuple):
    """The sums of one name, None where a dump has it not."""

    name: str
    kind: str | None
    old: _Sum | None
    new: _Sum | None

    @property
    def change(self) -> str | None:
        """One of `_ORDER`, None where the numbers are equal but for room."""
        if self.old is None or self.new is None:
            return "new" if self.old is None else "gone"
        (fewest, least), (most, largest) = sorted((self.old.numbers, self.new.numbers))
        # A hash has twice the buckets, or not, by its seed; buffers and perl's stacks stay as long as they once were.
        if fewest == most and largest - least <= min(least, max(_ROOM, least // _ROOM_SHARE)):
            return None
        return "grown" if self.new.numbers > self.old.numbers else "shrunk"

    @property
    def difference(self) -> tuple[int, int]:
        """How much count and bytes differ."""
        old, new = self.old or _Sum(), self.new or _Sum()
        return abs(new.numbers[0] - old.numbers[0]), abs(new.numbers[1] - old.numbers[1])

    def row(self, about: str) -> tuple[Value, ...]:
        """The row of the table."""
        old, new = self.old or _Sum(), self.new or _Sum()
        what = self.kind or new.title or old.title
        numbers = [number for pair in zip(old.numbers, new.numbers, strict=True) for number in pair]
        return about, self.change, self.name, what, *numbers


def compare_table(before: Heap, leaks_before: Leaks, after: Heap, leaks_after: Leaks) -> Table:
    """Findings, the new ones first, then containers, classes and kinds whose numbers differ; `more` findings do not.

    Containers are arrays and hashes that a variable or a key leads to, as `names_of` names them; all of one name are
    one, and their elements are counted. A finding is the same where its pattern, its classes and the steps of its
    cycle, with the files and lines of the closures, are; self-held ones are told, too: whether they pile up is what
    tells a leak from a cycle that is meant. Nothing is matched by address, and no name depends on one or on perl's hash
    order, so the dumps may be of two runs of the program.
    """
    findings = _pairs(_findings(leaks_before), _findings(leaks_after))
    changed = (
        (FINDING, _in_order(findings)),
        (CONTAINER, _most_changed(_pairs(*_containers(before, after)))),
        (CLASS, _in_order(_pairs(_classes(before), _classes(after)))),
        (KIND, _in_order(_pairs(_kinds(before), _kinds(after)))),
    )
    rows = tuple(pair.row(about) for about, pairs in changed for pair in pairs)
    equal = sum(1 for pair in findings if not pair.change)
    return Table("Leaks, containers, classes and kinds, before and after", _COLUMNS, rows, equal)


def _pairs(before: _Sums, after: _Sums) -> list[_Pair]:
    return [_Pair(*name, before.get(name), after.get(name)) for name in before.keys() | after.keys()]


def _in_order(pairs: Iterable[_Pair]) -> list[_Pair]:
    """Those that changed, the new ones first."""
    told = [(_ORDER.index(change), -pair.difference[1], pair) for pair in pairs if (change := pair.change)]
    return [pair for _, _, pair in sorted(told, key=lambda one: (*one[:2], one[2].name))]


def _most_changed(pairs: Iterable[_Pair]) -> list[_Pair]:
    """Of containers those with more or fewer elements, most first; how much room perl has made is not told.

    A key that only one dump has in a hash without a class is data, and no name.
    """

    def is_told(pair: _Pair) -> bool:
        only = pair.old or pair.new if pair.old is None or pair.new is None else None
        return pair.difference[0] > 0 and not (only and only.is_data)

    # The same order whichever dump is the older one.
    order = sorted(filter(is_told, pairs), key=lambda pair: (-pair.difference[0], pair.name, pair.kind or ""))
    return order[:_MOST_CHANGED]


def _findings(leaks: Leaks) -> _Sums:
    findings = leaks.report.all_findings
    return {
        (name, None): _Sum((finding.count, finding.bytes_total), finding.title)
        for name, finding in zip(finding_ids(findings), findings, strict=True)
    }


def _containers(*heaps: Heap) -> list[_Sums]:
    """Of each dump; those that are as short as one that is left out are left out of all, or that were a change."""
    ids = [heap.ids_of(Kind.ARRAY, Kind.HASH) for heap in heaps]
    lengths = [heap.length[svs] for heap, svs in zip(heaps, ids, strict=True)]
    least = max(map(_too_short, lengths))
    return [_by_name(heap, svs[of > least]) for heap, svs, of in zip(heaps, ids, lengths, strict=True)]


def _too_short(lengths: npt.NDArray[np.int64]) -> int:
    """The most elements of a container that is left out."""
    return int(np.partition(lengths, -MOST_CONTAINERS)[-MOST_CONTAINERS]) if len(lengths) > MOST_CONTAINERS else 0


def _by_name(heap: Heap, svs: npt.NDArray[np.intp]) -> _Sums:
    sums: dict[tuple[str, str | None], _Sum] = defaultdict(_Sum)
    wanted = svs.tolist()
    for sv, name in zip(wanted, names_of(heap, wanted), strict=True):
        if name:
            key = name.text, kind_of(int(heap.kind[sv])).name
            count, size = sums[key].numbers
            numbers = count + int(heap.length[sv]), size + int(heap.size[sv])
            sums[key] = _Sum(numbers, is_data=name.kind == NameKind.DATA)
    return sums


def _classes(heap: Heap) -> _Sums:
    stashes = heap.blessed[: heap.n]
    objects = stashes >= 0
    return _summed(heap, objects, stashes, lambda stash: blanked(heap.stash_name(stash) or "(without a name)"))


def _kinds(heap: Heap) -> _Sums:
    """But for the entries of perl's cache of packages, which depend on addresses."""
    counted = np.ones(heap.n, np.bool_)
    for root in heap.roots:
        if root.name == _STASH_CACHE and root.sv >= 0:
            entries = heap.out_target[slice(*heap.out_start[root.sv : root.sv + 2])]
            counted[entries[entries < heap.n]] = False
    return _summed(heap, counted, heap.kind[: heap.n], kind_name)


def _summed(
    heap: Heap, counted: npt.NDArray[np.bool_], numbers: npt.NDArray[np.integer[Any]], name: Callable[[int], str]
) -> _Sums:
    """The SVs that are counted by the name of the number that each has."""
    sums: dict[tuple[str, str | None], _Sum] = defaultdict(_Sum)
    counts = np.bincount(numbers[counted])
    sizes = np.bincount(numbers[counted], heap.size[: heap.n][counted])
    for number in np.flatnonzero(counts).tolist():
        count, size = sums[name(number), None].numbers
        sums[name(number), None] = _Sum((count + int(counts[number]), size + int(sizes[number])))
    return sums
