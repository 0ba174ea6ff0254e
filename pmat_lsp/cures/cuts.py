"""Which references a cure may take away: the strong ones on the cycles of a finding that the source text controls.

All of it is of the heap alone, and computed once: an edit of the text changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.cycles import is_captured
from pmat_lsp.analysis.leaks import Leaks, clones_of
from pmat_lsp.analysis.ownership import components_of, reached_from_roots
from pmat_lsp.analysis.result import Edge, Finding, stored_edges
from pmat_lsp.analysis.rows import pieces, rows_from, rows_named, rows_to
from pmat_lsp.format.kinds import Kind, RefKind, Strength, kind_of
from pmat_lsp.heap.describe import code_name, code_place, code_row, referent
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.lookups import objects_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.pads import pads_of
from pmat_lsp.heap.ranges import ranges
from pmat_lsp.heap.references import to_csr

I32 = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]

MOST_ISLANDS = 1000
"""So many islands of a finding are looked at; all have the same shape."""
MOST_ALIVE = 2000
"""So many closures or objects that are no leak are asked who else holds what they hold."""


@dataclass(frozen=True, eq=False)
class CapturedCut:
    """A lexical that a closure captures, on a cycle in the islands of a finding."""

    closure: int
    """Index into the finding's closures."""
    name: str
    target: int
    """SV id of what it refers to, in one of the islands."""
    rows: Rows
    """int64: the rows of the out_ columns that hold it, in every clone on one of the cycles."""


@dataclass(frozen=True, eq=False)
class StoredCut:
    """Subscripts by which the objects or hashes on the cycles hold what leads back to them."""

    package: str | None
    """The class of the objects; None for plain data."""
    subscripts: str
    """As Perl writes them: `{parent}`, `{kids}[0]`."""
    key: str | None
    """The key, where the subscripts are one key alone."""
    held: Kind
    """What one of the objects holds there."""
    rows: Rows
    """int64: the rows of the out_ columns that hold the values, in every object on one of the cycles."""
    to_itself: bool
    """Each object holds itself there."""
    live: int | None
    """How many objects that are no proven leak hold there what something else holds, too; None: one does not."""


class Cuts:
    """What can be cut of the cycles of one finding."""

    def __init__(self, heap: Heap, leaks: Leaks, finding: Finding) -> None:
        self.heap = heap
        self.finding = finding
        self._leaks = leaks
        self._dissolves: dict[tuple[CapturedCut | StoredCut, ...], bool] = {}
        self._live: dict[CapturedCut, int | None] = {}
        self._stored: dict[int, StoredCut] = {}
        self._along: dict[tuple[object, ...], tuple[Rows, bool, int | None]] = {}

    @cached_property
    def captured(self) -> tuple[CapturedCut, ...]:
        """The captures on the cycles, in the order of the finding's closures and of their pads."""
        heap, svs = self.heap, self._members
        inside = np.zeros(heap.n + 3, np.bool_)
        inside[svs] = True
        number = {
            (closure.location.file, closure.location.line, closure.name): index
            for index, closure in enumerate(self.finding.closures)
        }
        found: dict[tuple[int, str], list[int]] = {}
        slots: dict[int, dict[int, str]] = {}
        for code in svs[heap.kind[svs] == Kind.CODE].tolist():
            index = number.get((*code_place(heap, code), code_name(heap, code)))
            if index is None:
                continue
            # Not by the closure of the finding: it may be two on one line.
            ops = int(heap.codes.oproot[code_row(heap, code)])
            if ops not in slots:
                slots[ops] = _captured_slots(heap, code)
            for name, row in _captures(heap, code, slots[ops]):
                if inside[heap.out_target[row]] and self._leaks.ownership.counted[row]:
                    found.setdefault((index, name), []).append(row)
        return tuple(
            CapturedCut(index, name, _referent(heap, int(heap.out_target[rows[0]])), np.array(rows, np.int64))
            for (index, name), rows in sorted(found.items(), key=lambda item: item[0][0])
        )

    @cached_property
    def stored(self) -> tuple[StoredCut, ...]:
        """The subscripts on the shortest cycle, those to cut first before the others."""
        start = self.finding.cut.hop if self.finding.cut else 0
        edges = sorted(self._edges, key=lambda at: (at - start) % len(self.finding.cycle))
        return tuple(cut for at in edges if (cut := self.stored_at(at)) is not None)

    def stored_at(self, start: int) -> StoredCut | None:
        """The subscripts that begin at the hop `start` of the cycle; None where a field of an object is among them."""
        if start not in self._edges:
            return None
        if start not in self._stored:
            self._stored[start] = self._stored_along(self._edges[start])
        return self._stored[start]

    @cached_property
    def _edges(self) -> dict[int, Edge]:
        """By the index of their first hop."""
        return {
            edge.start: edge
            for edge in stored_edges(self.finding.cycle)
            if all(hop.kind in ("key", "index") for hop in edge.hops)
        }

    @cached_property
    def is_weakly_held(self) -> bool:
        """Whether a weak reference leads to an SV that would be freed: something may need it by that."""
        heap = self.heap
        rows = rows_to(heap, self._freed)[0]
        weak = (heap.out_kind[rows] == RefKind.REFERENT) & ((heap.out_strength[rows] & Strength.COUNTED) == 0)
        # What live code can reach already is no part of what leaked, but would be freed with it.
        return bool(self.finding.in_use) or bool(weak.any())

    @cached_property
    def freed_classes(self) -> frozenset[str]:
        """The classes of all objects that would be freed."""
        stashes = distinct(self.heap.blessed[self._freed]).tolist()
        names = (self.heap.stash_name(stash) for stash in stashes if stash >= 0)
        return frozenset(name for name in names if name is not None)

    @cached_property
    def _freed(self) -> I32:
        """int32: what the islands of the finding keep alive, alone or together with others."""
        islands = self._leaks.islands
        return np.concatenate((_of_islands(islands.kept, self._numbers), islands.shared))

    @property
    def _numbers(self) -> I32:
        """int32: the islands of the finding."""
        return self._leaks.islands.cycle_of(np.array(self.finding.islands, np.int32))

    def dissolves(self, *cuts: CapturedCut | StoredCut) -> bool:
        """Whether no cycle is left in any island of the finding without the references of some cuts."""
        if cuts not in self._dissolves:
            counted = self._leaks.ownership.counted
            self._dissolves[cuts] = not _is_cyclic(
                self.heap, counted, self._members, np.concatenate([cut.rows for cut in cuts])
            )
        return self._dissolves[cuts]

    def live_holders(self, cut: CapturedCut) -> int | None:
        """How many clones that are no proven leak hold in the lexical of a cut what something else holds, too.

        None where one of them is the only holder: its variable must not become weak.
        """
        if cut not in self._live:
            proven = self._leaks.ownership.proven
            clones = clones_of(self.heap, self.finding.closures[cut.closure].sv)
            alive = clones[~proven[clones]][:MOST_ALIVE].tolist()
            slots = _captured_slots(self.heap, alive[0]) if alive else {}
            rows = [row for code in alive for name, row in _captures(self.heap, code, slots) if name == cut.name]
            self._live[cut] = _held_elsewhere(self.heap, np.array(rows, np.int64))
        return self._live[cut]

    @cached_property
    def _members(self) -> I32:
        """int32: the SVs on the cycles of the islands, `MOST_ISLANDS` at the most, in address order."""
        return np.sort(_of_islands(self._leaks.islands.members, self._numbers[:MOST_ISLANDS]))

    def _stored_along(self, edge: Edge) -> StoredCut:
        heap, first, last = self.heap, edge.hops[0], edge.hops[-1]
        package = heap.class_of(first.source)
        # A long cycle has many edges that are alike.
        alike = (
            int(heap.blessed[first.source]),
            int(heap.kind[first.source]),
            *((hop.kind, hop.name if hop.kind == "key" else "") for hop in edge.hops),
        )
        if alike not in self._along:
            self._along[alike] = self._rows_like(edge)
        rows, to_itself, live = self._along[alike]
        return StoredCut(
            package=package,
            subscripts=edge.label.removeprefix("->"),
            key=first.name if len(edge.hops) == 1 and first.kind == "key" else None,
            held=kind_of(int(heap.kind[last.target])),
            rows=rows,
            to_itself=to_itself,
            live=live,
        )

    def _rows_like(self, edge: Edge) -> tuple[Rows, bool, int | None]:
        """`rows`, `to_itself` and `live` of the cut of an edge."""
        heap, svs, sv = self.heap, self._members, edge.hops[0].source
        inside = np.zeros(heap.n + 3, np.bool_)
        inside[svs] = True
        rows = _rows_along(heap, _alike(heap, svs, sv), edge)
        leaked = rows[inside[heap.out_target[rows]]]
        to_itself = len(edge.hops) == 1 and bool(
            (_referents(heap, heap.out_target[leaked]) == heap.sources(leaked)).all()
        )
        return leaked, to_itself, _held_elsewhere(heap, _rows_along(heap, self._others_like(sv), edge))

    def _others_like(self, sv: int) -> npt.NDArray[Any]:
        """Those of the kind and class of an SV that are no proven leak, `MOST_ALIVE` at the most."""
        heap, proven = self.heap, self._leaks.ownership.proven
        if heap.blessed[sv] >= 0:
            alike = _alike(heap, objects_of(heap, int(heap.blessed[sv])), sv)
            left: npt.NDArray[Any] = alike[~proven[alike]][:MOST_ALIVE]
            return left
        found: npt.NDArray[Any] = np.empty(0, np.int64)
        for piece in pieces(heap.n):
            svs = piece.start + np.flatnonzero((heap.kind[piece] == heap.kind[sv]) & ~proven[piece])
            found = np.append(found, _alike(heap, svs, sv))
            if len(found) >= MOST_ALIVE:
                break
        return found[:MOST_ALIVE]


def _alike(heap: Heap, svs: npt.NDArray[Any], sv: int) -> npt.NDArray[Any]:
    """Those of some SVs that have the kind and the class of another one."""
    alike: npt.NDArray[Any] = svs[(heap.kind[svs] == heap.kind[sv]) & (heap.blessed[svs] == heap.blessed[sv])]
    return alike


def _of_islands(svs: tuple[I32, I32], numbers: I32) -> I32:
    """The SVs of some islands; `svs` are those of all, and where each island starts."""
    values, start = svs
    places, _ = ranges(start[numbers], start[numbers + 1])
    return values[places]


def _is_cyclic(heap: Heap, counted: npt.NDArray[np.uint8], svs: I32, without: Rows) -> bool:
    """Whether some SVs, in address order, are on a cycle of counted references among them, but for some rows."""
    rows, source = rows_from(heap, svs)
    target = np.minimum(svs.searchsorted(heap.out_target[rows]), len(svs) - 1)
    inner = (counted[rows] != 0) & (svs[target] == heap.out_target[rows]) & ~np.isin(rows, without)
    source, target = source[inner], target[inner].astype(np.int32)
    if (source == target).any():
        return True
    start, order = to_csr(source.astype(np.int32), len(svs))
    follow = np.ones(len(order), np.uint8)
    return components_of(start, target[order], follow, np.arange(len(svs)))[1] < len(svs)


def _rows_along(heap: Heap, svs: npt.NDArray[np.integer[Any]], edge: Edge) -> Rows:
    """The rows of the out_ columns that are the last of the subscripts of an edge, from each of some SVs; any index."""
    at = svs
    rows: Rows = np.empty(0, np.int64)
    for hop in edge.hops:
        rows = rows_named(heap, at, *((RefKind.ELEMENT, None) if hop.kind == "index" else (RefKind.VALUE, hop.name)))
        at = _referents(heap, heap.out_target[rows])
    return rows


def _referents(heap: Heap, svs: I32) -> I32:
    """int32: as `_referent`, of many."""
    found = svs.copy()
    refs = np.flatnonzero(heap.kind[svs] == Kind.REF)
    rows, which = rows_from(heap, svs[refs])
    follows = heap.out_kind[rows] == RefKind.REFERENT
    found[refs[which[follows]]] = heap.out_target[rows[follows]]
    return found


def _held_elsewhere(heap: Heap, rows: Rows) -> int | None:
    """How many references that these rows hold are to what a root reaches without them; None where one is not."""
    held = heap.out_target[rows]
    inner, _ = rows_from(heap, held[heap.kind[held] == Kind.REF])
    is_strong = (heap.out_kind[inner] == RefKind.REFERENT) & ((heap.out_strength[inner] & Strength.COUNTED) != 0)
    targets = heap.out_target[inner[is_strong]]
    if not len(targets):
        return 0
    return len(targets) if reached_from_roots(heap, rows)[targets].all() else None


def _captured_slots(heap: Heap, code: int) -> dict[int, str]:
    """The name of each captured lexical by its index into the pads: the same for every clone of a closure."""
    indices = heap.padnames.index[heap.padnames.rows_of(code)].tolist()
    return {index: heap.padname(code, index) or "" for index in indices if is_captured(heap, code, index)}


def _captures(heap: Heap, code: int, slots: dict[int, str]) -> Iterator[tuple[str, int]]:
    """(name, row of the out_ columns) of each captured lexical in each pad of a CODE."""
    for pad in pads_of(heap, code):
        for row in heap.out_rows(pad):
            name = slots.get(int(heap.out_detail[row]))
            if name is not None and heap.out_kind[row] == RefKind.PAD_LEXICAL:
                yield name, row


def _referent(heap: Heap, sv: int) -> int:
    """What a captured scalar refers to; the SV itself where it is no reference."""
    held = referent(heap, sv)
    return sv if held is None else held[0]
