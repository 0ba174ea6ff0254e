"""What leaked, and what only holds itself: findings, each with its cycle and the pattern that it follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.alike import alike
from pmat_lsp.analysis.cycles import ShortestCycles, is_captured
from pmat_lsp.analysis.field_hashes import field_hash_loops
from pmat_lsp.analysis.islands import Islands, find_islands
from pmat_lsp.analysis.leading_back import MOST_ALIVE, cut_of, follow, held_elsewhere, live_like, way_of
from pmat_lsp.analysis.ownership import Ownership, find_ownership
from pmat_lsp.analysis.patterns import name_pattern
from pmat_lsp.analysis.result import (
    CAPTURES,
    LEAKED,
    SELF_HELD,
    SUBSCRIPTS,
    Capture,
    Closure,
    CutBy,
    Edge,
    Finding,
    Hop,
    LeakReport,
    Location,
    Sum,
    edges_of,
)
from pmat_lsp.analysis.rows import pieces, rows_between
from pmat_lsp.analysis.shapes import class_names, code_places, shapes
from pmat_lsp.analysis.ways_in import WaysIn
from pmat_lsp.analysis.written import Written, files_of_package
from pmat_lsp.format.kinds import CodeFlag, Kind, RefKind, kind_of
from pmat_lsp.heap.describe import code_name, code_place, code_row, referent, summarise
from pmat_lsp.heap.distinct import counted, distinct, first_of_each
from pmat_lsp.heap.lookups import codes_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.pads import first_pad, padnames_of
from pmat_lsp.heap.references import to_csr
from pmat_lsp.units import format_count

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

MOST_FINDINGS = 500
"""So many findings of a verdict are told, the heaviest; of the others it is told how many they are."""
LARGE_STRING = 1024
"""Bytes from which on a string is worth a word."""

MOST_IN_USE = 5
"""So many SVs that leaked islands hold, yet live code can reach, are told."""
_MOST_TIED = 4
"""So many classes are asked which of them owns the others."""
_KEY_KINDS = (Kind.CODE, Kind.HASH, Kind.ARRAY, Kind.OBJECT)


@dataclass(frozen=True)
class Leaks:
    """The report, and the masks and islands that it was made from."""

    report: LeakReport
    ownership: Ownership
    islands: Islands
    """Of what leaked."""
    self_held: Islands
    """Of what only holds itself."""


def find_leaks(heap: Heap, ownership: Ownership | None = None) -> Leaks:
    """Prove what leaked in a heap, and group it by shape; `ownership` is that of the heap, where it is known."""
    ownership = ownership or find_ownership(heap)
    islands = find_islands(heap, ownership, ownership.proven)
    self_held = find_islands(heap, ownership, ownership.self_held)
    findings, more = _findings(heap, ownership, islands, LEAKED)
    findings_held, more_held = _findings(heap, ownership, self_held, SELF_HELD)
    report = LeakReport(
        findings=findings,
        self_held=findings_held,
        field_hash_loops=field_hash_loops(heap),
        svs=heap.n,
        roots=ownership.roots,
        lost=int(ownership.lost.sum()),
        unexplained=int(ownership.unexplained.sum()),
        self_held_svs=int(ownership.self_held.sum()),
        proven=int(ownership.proven.sum()),
        more=more,
        more_self_held=more_held,
    )
    return Leaks(report, ownership, islands, self_held)


def _findings(heap: Heap, ownership: Ownership, islands: Islands, verdict: str) -> tuple[tuple[Finding, ...], Sum]:
    """The islands by shape, heaviest first; and the rest of them."""
    if not islands.count:
        return (), Sum()
    # First, since both take memory for each SV while they are made.
    groups = _Groups(heap, islands, shapes(heap, ownership, islands))
    teller = _Teller(heap, ownership, islands, verdict)
    found = [teller.finding(group) for group in groups.heaviest()]
    found.sort(key=lambda one: (-len(one.handles), -one.bytes_total, one.addresses))
    return tuple(found), groups.rest()


class _Group(NamedTuple):
    """The islands of one shape."""

    shape: int
    numbers: I32
    """Their numbers, rising."""
    on_cycle: I32
    """The SVs on their cycles, island by island, each in address order."""
    handles: tuple[int, ...]
    """As `Finding.handles`."""
    large_strings: int
    """As `Finding.large_strings`."""


class _Groups:
    """The islands by shape."""

    def __init__(self, heap: Heap, islands: Islands, shape: I32) -> None:
        self._islands = islands
        self._count = int(shape.max()) + 1
        on_cycle, _ = islands.members
        self._numbers = self._split(np.arange(islands.count, dtype=np.int32), shape)
        self._on_cycle = self._split(on_cycle, shape[islands.cycle_of(on_cycle)])
        self._handles = self._split(*_handles(heap, islands, shape))
        self._large_strings = _large_strings(heap, islands, shape, self._count)
        self._bytes = np.zeros(self._count, np.int64)
        np.add.at(self._bytes, shape, islands.bytes)
        firsts = self._numbers[0][self._numbers[1][:-1]]
        self._order = np.lexsort((firsts, -self._bytes, -np.diff(self._handles[1])))

    def _split(self, values: npt.NDArray[Any], shape: I32) -> tuple[npt.NDArray[Any], I32]:
        """The values of each shape, in their order, and where they start."""
        start, order = to_csr(shape, self._count)
        return values[order], start

    def heaviest(self) -> Iterator[_Group]:
        """Those with the most handles, then bytes; `MOST_FINDINGS` at the most."""
        for shape in self._order[:MOST_FINDINGS].tolist():
            numbers, on_cycle, handles = (
                values[start[shape] : start[shape + 1]]
                for values, start in (self._numbers, self._on_cycle, self._handles)
            )
            yield _Group(shape, numbers, on_cycle, tuple(sorted(handles.tolist())), int(self._large_strings[shape]))

    def rest(self) -> Sum:
        """What the others are."""
        rest = self._order[MOST_FINDINGS:]
        return Sum(len(rest), int(np.diff(self._numbers[1])[rest].sum()), int(self._bytes[rest].sum()))


def _handles(heap: Heap, islands: Islands, shape: I32) -> tuple[I64, I32]:
    """(the number of each file that an island holds open, the shape of the island)."""
    ios = heap.ios
    numbers, owner = np.where(ios.ifileno >= 0, ios.ifileno, ios.ofileno), islands.owner_of(ios.sv)
    held = (numbers >= 0) & (owner >= 0)
    return numbers[held], shape[owner[held]]


def _large_strings(heap: Heap, islands: Islands, shape: I32, count: int) -> I64:
    """int64[count]: the bytes in large strings that the islands of each shape hold."""
    found = np.zeros(count, np.int64)
    for piece in pieces(len(islands.among)):
        svs, owners = islands.among[piece], islands.owners[piece]
        is_held = (heap.kind[svs] == Kind.SCALAR) & (owners >= 0)
        scalars, owners = svs[is_held], owners[is_held]
        sizes = heap.size[scalars].astype(np.int64)
        is_large = sizes >= LARGE_STRING
        np.add.at(found, shape[owners[is_large]], sizes[is_large])
    return found


class _Teller:
    """Tells a group of islands as a Finding."""

    def __init__(self, heap: Heap, ownership: Ownership, islands: Islands, verdict: str) -> None:
        self._heap = heap
        self._ownership = ownership
        self._islands = islands
        self._verdict = verdict
        self._keys = _key_svs(heap, islands)
        self._ways_in = WaysIn(heap, ownership)
        self._cycle = islands.cycle
        self._cycles = ShortestCycles(heap, ownership.counted, self._cycle)

    def finding(self, group: _Group) -> Finding:
        heap, islands, numbers = self._heap, self._islands, group.numbers
        keys, cycle = self._told_from(group)
        first = group.on_cycle[self._cycle[group.on_cycle] == self._cycle[cycle[0].source]]
        classes = self._classes(group.on_cycle)
        closures = self._closures(group.on_cycle, cycle)
        return Finding(
            verdict=self._verdict,
            pattern=name_pattern(heap, cycle),
            title=_title(heap, len(numbers), int(keys[0]), self._verdict),
            count=len(numbers),
            svs_each=_lower_median(islands.svs[numbers]),
            bytes_total=int(islands.bytes[numbers].sum()),
            retained_bytes_each=_lower_median(islands.bytes[numbers]),
            classes=classes,
            closures=closures,
            handles=group.handles,
            large_strings=group.large_strings,
            cycle=cycle,
            islands=tuple(keys.tolist()),
            addresses=tuple(heap.address[keys].tolist()),
            svs_total=int(islands.svs[numbers].sum()),
            cut=cut_of(heap, self._ownership.lost, cycle, first),
            class_files=files_of_classes(heap, classes),
            class_sources=tuple(self._written.source_of(package) for package in classes),
            own_closures=frozenset(one.location for one in closures if self._written.is_own(one.location.file)),
            held=self._held(cycle),
            ways_in=self._ways_in.to(first) if self._verdict == SELF_HELD else (),
            in_use=self._in_use(numbers) if self._verdict == LEAKED else (),
        )

    def _told_from(self, group: _Group) -> tuple[I32, tuple[Hop, ...]]:
        """(the SV that each island is told from, in address order; a cycle through that of the smallest island).

        It is an object, if there is one: one that the user lost, not one of a library, if the dump can tell. Of several
        classes it is that with the fewest objects on the islands. Of these it is the one that the reference that leads
        back leads to, which is the owner. Where that is open the keys of the cycle decide, but never the name of a
        class or an address: the same program with other names for its classes is told in the same way.
        """
        found = [self._smallest(group, svs) for svs in self._candidates(group)]
        told = [(svs, self._cycles.through(key)) for svs, key in found]
        keys, cycle = min(told, key=lambda pair: _told_order(pair[1]))
        if len(told) > 1:
            return next((pair for pair in told if self._is_owner(pair[1])), (keys, cycle))
        return keys, cycle

    def _candidates(self, group: _Group) -> list[I32]:
        """int32 each: an SV of every island, in address order; the same kind of SV on all of them."""
        heap, svs = self._heap, group.on_cycle
        objects = svs[(heap.blessed[svs] >= 0) & (heap.kind[svs] != Kind.CODE)]
        codes = svs[heap.kind[svs] == Kind.CODE]
        if len(objects):
            named = class_names(heap, objects)
            names, counts = counted(named)
            known = dict(zip(names.tolist(), counts.tolist(), strict=True))
            ranks = {name: (self._written.rank(heap.string(name)), count) for name, count in known.items()}
            chosen = [name for name, rank in ranks.items() if rank == min(ranks.values())]
            return [self._one_each(objects[named == name]) for name in chosen[:_MOST_TIED]]
        if len(codes):
            places = code_places(heap, codes)
            return [self._one_each(codes[places == place]) for place in distinct(places).tolist()[:_MOST_TIED]]
        return [np.sort(self._keys[group.numbers])]

    def _one_each(self, svs: I32) -> I32:
        """int32: of each island the first of some SVs."""
        return np.sort(svs[first_of_each(self._cycle[svs])[1]])

    def _smallest(self, group: _Group, svs: I32) -> tuple[I32, int]:
        """(the SVs, that of them which is on the island with the fewest SVs)."""
        return svs, int(svs[np.argmin(self._islands.svs[self._cycle[svs]])])

    def _is_owner(self, cycle: tuple[Hop, ...]) -> bool:
        """Whether a cycle starts at what the reference leads to that leads back."""
        cut = cut_of(self._heap, self._ownership.lost, cycle, np.array([hop.source for hop in cycle], np.int32))
        if cut is None or cut.by in (CutBy.CLOSURE, CutBy.ONLY):
            return False
        return next(edge for edge in edges_of(cycle) if edge.start == cut.hop).hops[-1].target == cycle[0].source

    def _held(self, cycle: tuple[Hop, ...]) -> tuple[bool | None, ...]:
        """`Finding.held`; a long cycle has many hops that are alike, and these are looked at once."""
        known: dict[tuple[object, ...], bool | None] = {}
        found = []
        for hop in cycle:
            like = (*way_of(hop), hop.source if hop.kind in CAPTURES else None)
            if like not in known:
                known[like] = self._is_held(hop)
            found.append(known[like])
        return tuple(found)

    def _is_held(self, hop: Hop) -> bool | None:
        heap, lost = self._heap, self._ownership.lost
        if hop.kind in CAPTURES:
            clones = clones_of(heap, hop.source)
            targets = [
                _referent(heap, target)
                for code in clones[~lost[clones]][:MOST_ALIVE].tolist()
                for name, target in _captured(heap, code)
                if name == hop.name
            ]
        elif hop.kind in SUBSCRIPTS and hop.source_class is not None:
            alike = live_like(heap, lost, hop.source)
            targets = [target for sv in alike for target, strong in follow(heap, sv, Edge(0, (hop,))) if strong]
        else:
            return None
        return all(held_elsewhere(heap, lost, targets, [hop])) if targets else None

    @cached_property
    def _written(self) -> Written:
        return Written(self._heap)

    def _in_use(self, numbers: I32) -> tuple[int, ...]:
        """What live code can reach of what some islands hold: `MOST_IN_USE` at the most."""
        owner, used = self._held_in_use
        return tuple(distinct(used[np.isin(owner, numbers)])[:MOST_IN_USE].tolist()) if len(used) else ()

    @cached_property
    def _held_in_use(self) -> tuple[I32, I32]:
        """int32 each: of the counted references from islands to what is self-held, the island and the target."""
        heap, ownership = self._heap, self._ownership
        if not ownership.self_held.any():
            return np.empty(0, np.int32), np.empty(0, np.int32)
        rows = rows_between(heap, ownership.proven, ownership.self_held)
        rows = rows[ownership.counted[rows] != 0]
        owner, used = self._islands.owner_of(heap.sources(rows)), heap.out_target[rows]
        return owner[owner >= 0], used[owner >= 0]

    def _classes(self, svs: I32) -> tuple[str, ...]:
        heap = self._heap
        names, counts = counted(class_names(heap, svs[heap.blessed[svs] >= 0]))
        commonest = zip((-counts).tolist(), [heap.string(name) or "" for name in names.tolist()], strict=True)
        return tuple(name for _, name in sorted(commonest))

    def _closures(self, svs: I32, cycle: tuple[Hop, ...]) -> tuple[Closure, ...]:
        heap, table = self._heap, self._heap.codes
        on_cycle = {hop.source for hop in cycle}
        codes = svs[heap.kind[svs] == Kind.CODE]
        rows = table.sv.searchsorted(codes)
        # What a name and a place are made of: few differ, of however many clones.
        made_of = alike(*(column[rows] for column in (table.file, table.line, table.name, table.stash, table.glob)))
        by_place: dict[tuple[str, int, str], list[int]] = {}
        first = np.sort(made_of[0])
        for code in (*codes[np.isin(codes, list(on_cycle))].tolist(), *codes[first].tolist()):
            by_place.setdefault((*code_place(heap, code), code_name(heap, code) or ""), []).append(code)
        return tuple(self._closure(Location(*place[:2]), clones[0]) for place, clones in sorted(by_place.items()))

    def _closure(self, location: Location, code: int) -> Closure:
        clones = clones_of(self._heap, code)
        return Closure(
            sv=code,
            name=code_name(self._heap, code),
            location=location,
            captures=captures_of(self._heap, code),
            padnames=padnames_of(self._heap, code),
            live=len(clones),
            leaked=int(self._ownership.proven[clones].sum()),
        )


def _key_svs(heap: Heap, islands: Islands) -> I32:
    """int32[count]: an SV of each cycle: an object if there is one, else a CODE, else a container.

    Of SVs that are alike it is the one with the lowest address.
    """
    svs, start = islands.members
    if not len(svs):
        return svs
    rank = np.full(len(svs), len(_KEY_KINDS) + 1, np.int64)
    for number, kind in enumerate(_KEY_KINDS, 1):
        rank[heap.kind[svs] == kind] = number
    rank[(heap.blessed[svs] >= 0) & (heap.kind[svs] != Kind.CODE)] = 0
    return np.minimum.reduceat((rank << 32) | svs, start[:-1]).astype(np.uint32).astype(np.int32)


def _told_order(cycle: tuple[Hop, ...]) -> tuple[int, list[tuple[str, str, str]]]:
    """What decides from which SV a cycle is told, where nothing better does."""
    return len(cycle), [(hop.kind, hop.name, str(hop.location or "")) for hop in cycle]


def _lower_median(values: npt.NDArray[np.int64]) -> int:
    return int(np.sort(values)[(len(values) - 1) // 2])


def _title(heap: Heap, count: int, key: int, verdict: str) -> str:
    package = heap.class_of(key)
    if package:
        things = format_count(count, f"{package} object")
    else:
        names = {Kind.CODE: "closure", Kind.HASH: "hash", Kind.ARRAY: "array", Kind.REF: "reference"}
        name = names.get(kind_of(int(heap.kind[key])), "structure")
        things = format_count(count, name, name + ("es" if name == "hash" else "s"))
    if verdict == SELF_HELD:
        return f"{things} {'is kept alive only by itself' if count == 1 else 'are kept alive only by themselves'}"
    return f"{things} can never be freed"


def clones_of(heap: Heap, code: int) -> npt.NDArray[np.int32]:
    """int32: the CODEs that run the same ops as this one, prototypes left out: all closures of one `sub`."""
    ops = int(heap.codes.oproot[code_row(heap, code)])
    return without_prototypes(heap, codes_of(heap, ops)) if ops else np.array([code], np.int32)


def without_prototypes(heap: Heap, codes: I32) -> I32:
    """int32: those of some CODEs that are not only what closures are cloned from."""
    kept: I32 = codes[(heap.flags[codes] & (CodeFlag.CLONE | CodeFlag.CLONED)) != CodeFlag.CLONE]
    return kept


def captures_of(heap: Heap, code: int) -> tuple[Capture, ...]:
    """The lexicals of enclosing scopes that a CODE holds, in the order of its pad."""
    captured = []
    for name, target in _captured(heap, code):
        held = referent(heap, target)
        captured.append(Capture(name, held is None or held[1], summarise(heap, target)))
    return tuple(captured)


def captured_names(heap: Heap, code: int) -> tuple[str, ...]:
    """The names of the same."""
    return tuple(name for name, _ in _captured(heap, code))


def _captured(heap: Heap, code: int) -> Iterator[tuple[str, int]]:
    """(name, SV) of each."""
    pad = first_pad(heap, code)
    for row in heap.out_rows(pad) if pad >= 0 else ():
        index = int(heap.out_detail[row])
        name = heap.padname(code, index)
        if name is not None and heap.out_kind[row] == RefKind.PAD_LEXICAL and is_captured(heap, code, index):
            yield name, int(heap.out_target[row])


def files_of_classes(heap: Heap, classes: tuple[str, ...]) -> tuple[str, ...]:
    """The files, as recorded, that have subs of these packages, in the order of the packages."""
    return tuple(dict.fromkeys(file for package in classes for file in files_of_package(heap, package)))


def _referent(heap: Heap, sv: int) -> int:
    """What a captured scalar refers to; the SV itself where it is no reference."""
    held = referent(heap, sv)
    return sv if held is None else held[0]
