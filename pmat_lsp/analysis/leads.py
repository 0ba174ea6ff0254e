"""What an SV that is held from outside the heap leads to: an object of the program's, and who probably holds it.

A class with subs or data in C keeps pointers that no dump shows. One that is found on the way from the SV probably
keeps the pointer to it: the object of the program's holds it, and is held by way of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pmat_lsp.analysis.ownership import Ownership
from pmat_lsp.analysis.program_classes import Origin, ProgramClasses
from pmat_lsp.analysis.rows import source_of
from pmat_lsp.format.kinds import CodeFlag, Kind, RefKind, Strength
from pmat_lsp.heap.model import Heap

MOST_HOLDERS = 3
_MOST_LOOKED_AT = 500
"""SVs; what matters is among the nearest."""
_MOST_REFERENCES = 200
_DATA = frozenset(
    int(kind)
    for kind in (
        RefKind.REFERENT,
        RefKind.ELEMENT,
        RefKind.VALUE,
        RefKind.FIELD,
        RefKind.STRUCT_FIELD,
        RefKind.CODE_PAD,
        RefKind.CODE_PADLIST,
        RefKind.PADLIST_PAD,
        RefKind.PAD_LEXICAL,
        RefKind.GLOB_SCALAR,
        RefKind.GLOB_ARRAY,
        RefKind.GLOB_HASH,
        RefKind.GLOB_IO,
        RefKind.LVALUE_TARGET,
        RefKind.MAGIC_OBJECT,
        RefKind.MAGIC_POINTER,
        RefKind.MAGIC2_AUXSV,
        RefKind.MAGIC2_KEYSV,
        RefKind.MAGIC2_USERSTRUCT,
        RefKind.ANNOTATION,
    )
)
"""The references by which data is held; those to packages and to code that is called lead to everything."""


@dataclass(frozen=True, slots=True)
class Lead:
    """Where the way from an SV leads."""

    rows: tuple[int, ...]
    """Rows of the out_ columns: the way to the object, and on to the first of the holders where it goes on."""
    target: int
    """The object of the program's own classes: the nearest of the best `Origin`; -1 for none."""
    holders: tuple[str, ...]
    """The classes with subs or data in C on the way, the nearest to the object first; at most `MOST_HOLDERS`."""
    matters: bool
    """Whether it leads to such an object, a closure, or an open file."""


NOWHERE = Lead((), -1, (), False)
"""Of an SV that holds nothing."""


class Leads:
    """Follows SVs of one heap, through what is unexplained up to what is not.

    Args:
        heap: of the dump.
        ownership: of the heap.
        classes: of the heap.
    """

    def __init__(self, heap: Heap, ownership: Ownership, classes: ProgramClasses) -> None:
        self._heap = heap
        self._unexplained = ownership.unexplained
        self._classes = classes
        ios = heap.ios
        self._files = set(ios.sv[(ios.ifileno >= 0) | (ios.ofileno >= 0)].tolist())

    def from_any(self, svs: Iterable[int]) -> Lead:
        """The best lead of SVs that are alike: one with an object, else one that matters, else the first."""
        return min(map(self.lead, svs), key=lambda lead: (lead.target < 0, not lead.matters))

    def lead(self, sv: int) -> Lead:
        """Follow one SV."""
        came_by = dict(self._walk(sv))
        target = self._target(came_by)
        way = _way(self._heap, came_by, target) if target >= 0 else ()
        beyond = dict(self._walk(target)) if target >= 0 else came_by
        holders = self._holders(beyond)
        if holders:
            way += _way(self._heap, beyond, next(iter(holders.values())))
        elif target >= 0:
            holders = self._holders(came_by)
        telling = next((one for one in came_by if self._is_telling(one)), -1)
        if not way and telling >= 0:
            way = _way(self._heap, came_by, telling)
        return Lead(way, target, tuple(holders), target >= 0 or telling >= 0)

    def _walk(self, start: int) -> Iterator[tuple[int, int]]:
        """(SV, row that it was reached by, -1 of the first) of what data holds from `start` on, the nearest first."""
        heap = self._heap
        seen, queue = {start}, [(start, -1)]
        for sv, row in queue:
            yield sv, row
            if sv >= heap.n or not self._unexplained[sv]:
                continue
            for out in heap.out_rows(sv)[:_MOST_REFERENCES]:
                target = int(heap.out_target[out])
                is_data = int(heap.out_kind[out]) in _DATA and heap.out_strength[out] & Strength.COUNTED
                if is_data and target not in seen and len(queue) < _MOST_LOOKED_AT:
                    seen.add(target)
                    queue.append((target, out))

    def _target(self, came_by: Iterable[int]) -> int:
        best, found = Origin.OTHER, -1
        for sv in came_by:
            package = self._heap.class_of(sv) if sv < self._heap.n and self._unexplained[sv] else None
            if package is not None and self._classes.origin(package) < best:
                best, found = self._classes.origin(package), sv
        return found

    def _holders(self, svs: Iterable[int]) -> dict[str, int]:
        """The classes among those of some SVs that may hold C pointers, each with the first SV of it."""
        found: dict[str, int] = {}
        for sv in svs:
            package = self._heap.class_of(sv)
            if package is not None:
                holder = self._classes.c_package(package) or (package if self._classes.has_c_magic(sv) else None)
                if holder is not None:
                    found.setdefault(holder, sv)
            if len(found) == MOST_HOLDERS:
                break
        return found

    def _is_telling(self, sv: int) -> bool:
        """Whether it is a closure or an open file that is unexplained."""
        heap = self._heap
        if sv >= heap.n or not self._unexplained[sv]:
            return False
        return sv in self._files or bool(heap.kind[sv] == Kind.CODE and heap.flags[sv] & CodeFlag.CLONED)


def _way(heap: Heap, came_by: dict[int, int], sv: int) -> tuple[int, ...]:
    rows: list[int] = []
    while (row := came_by[sv]) >= 0:
        rows.append(row)
        sv = source_of(heap, row)
    return tuple(reversed(rows))
