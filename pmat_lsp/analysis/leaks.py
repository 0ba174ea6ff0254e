"""What leaked, and what only holds itself: findings, each with its cycle and the pattern that it follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.cycles import hops_of, is_captured, shortest_cycle
from pmat_lsp.analysis.field_hashes import field_hash_loops
from pmat_lsp.analysis.islands import Islands, find_islands
from pmat_lsp.analysis.ownership import Ownership, find_ownership
from pmat_lsp.analysis.patterns import hop_to_cut, name_pattern
from pmat_lsp.analysis.result import LEAKED, SELF_HELD, Capture, Closure, Finding, Hop, LeakReport, Location
from pmat_lsp.analysis.shapes import class_names, shapes
from pmat_lsp.analysis.ways_in import WaysIn
from pmat_lsp.format.kinds import CodeFlag, Kind, RefKind
from pmat_lsp.heap.describe import code_name, code_place, code_row, referent, summarise
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.pads import first_pad, padnames_of
from pmat_lsp.heap.references import to_csr
from pmat_lsp.units import format_count

I32 = npt.NDArray[np.int32]

LARGE_STRING = 1024
"""Bytes from which on a string is worth a word."""

MOST_IN_USE = 5
"""So many SVs that leaked islands hold, yet live code can reach, are told."""
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
    report = LeakReport(
        findings=_findings(heap, ownership, islands, LEAKED),
        self_held=_findings(heap, ownership, self_held, SELF_HELD),
        field_hash_loops=field_hash_loops(heap),
        svs=heap.n,
        roots=ownership.roots,
        lost=int(ownership.lost.sum()),
        unexplained=int(ownership.unexplained.sum()),
        self_held_svs=int(ownership.self_held.sum()),
        proven=int(ownership.proven.sum()),
    )
    return Leaks(report, ownership, islands, self_held)


def _findings(heap: Heap, ownership: Ownership, islands: Islands, verdict: str) -> tuple[Finding, ...]:
    """The islands by shape, heaviest first."""
    if not islands.count:
        return ()
    teller = _Teller(heap, ownership, islands, verdict)
    found = (teller.finding(group) for group in _groups(islands, shapes(heap, ownership, islands)))
    return tuple(sorted(found, key=lambda one: (-len(one.handles), -one.bytes_total, one.addresses)))


class _Group(NamedTuple):
    """The islands of one shape."""

    numbers: I32
    """Their numbers, rising."""
    on_cycle: I32
    """The SVs on their cycles, island by island, each in address order."""
    kept: I32
    """All SVs that they keep alive, in address order."""


def _groups(islands: Islands, shape: I32) -> list[_Group]:
    count = int(shape.max(initial=-1)) + 1
    on_cycle, _ = islands.members
    owned = np.flatnonzero(islands.owner >= 0).astype(np.int32)
    columns = (
        _split(np.arange(islands.count, dtype=np.int32), shape, count),
        _split(on_cycle, shape[islands.cycle[on_cycle]], count),
        _split(owned, shape[islands.owner[owned]], count),
    )
    return [_Group(*parts) for parts in zip(*columns, strict=True)]


def _split(values: I32, number: I32, count: int) -> list[I32]:
    """The values of each number, in their order."""
    start, order = to_csr(number, count)
    return np.split(values[order], start[1:-1]) if count else []


class _Teller:
    """Tells a group of islands as a Finding."""

    def __init__(self, heap: Heap, ownership: Ownership, islands: Islands, verdict: str) -> None:
        self._heap = heap
        self._ownership = ownership
        self._islands = islands
        self._verdict = verdict
        self._keys = _key_svs(heap, islands)
        self._ways_in = WaysIn(heap, ownership)

    def finding(self, group: _Group) -> Finding:
        heap, islands, numbers = self._heap, self._islands, group.numbers
        keys = np.sort(self._keys[numbers])
        first = group.on_cycle[islands.cycle[group.on_cycle] == islands.cycle[keys[0]]]
        cycle = hops_of(heap, shortest_cycle(heap, int(keys[0]), set(first.tolist()), self._ownership.counted))
        classes = self._classes(group.on_cycle)
        return Finding(
            verdict=self._verdict,
            pattern=name_pattern(heap, cycle),
            title=_title(heap, len(numbers), int(keys[0]), self._verdict),
            count=len(numbers),
            svs_each=_lower_median(islands.svs[numbers]),
            bytes_total=int(islands.bytes[numbers].sum()),
            retained_bytes_each=_lower_median(islands.bytes[numbers]),
            classes=classes,
            closures=self._closures(group.on_cycle, cycle),
            handles=self._handles(group.kept),
            large_strings=self._large_strings(group.kept),
            cycle=cycle,
            islands=tuple(keys.tolist()),
            addresses=tuple(heap.address[keys].tolist()),
            svs_total=int(islands.svs[numbers].sum()),
            cut=hop_to_cut(heap, cycle),
            class_files=files_of_classes(heap, classes),
            ways_in=self._ways_in.to(first) if self._verdict == SELF_HELD else (),
            in_use=self._in_use(group.kept) if self._verdict == LEAKED else (),
        )

    def _in_use(self, kept: I32) -> tuple[int, ...]:
        """What live code can reach of what some SVs hold: `MOST_IN_USE` at the most."""
        if not len(self._held_in_use):
            return ()
        rows = self._held_in_use[np.isin(self._heap.out_source[self._held_in_use], kept)]
        return tuple(np.unique(self._heap.out_target[rows])[:MOST_IN_USE].tolist())

    @cached_property
    def _held_in_use(self) -> npt.NDArray[np.int64]:
        """int64: the rows of the out_ columns that lead from something leaked to something self-held."""
        heap, ownership = self._heap, self._ownership
        if not ownership.self_held.any():
            return np.empty(0, np.int64)
        leaked, reached = (np.append(mask, [False] * 3) for mask in (ownership.proven, ownership.self_held))
        return np.flatnonzero((ownership.counted != 0) & leaked[heap.out_source] & reached[heap.out_target])

    def _classes(self, svs: I32) -> tuple[str, ...]:
        heap = self._heap
        names, counts = np.unique(class_names(heap, svs[heap.blessed[svs] >= 0]), return_counts=True)
        commonest = zip((-counts).tolist(), [heap.string(name) or "" for name in names.tolist()], strict=True)
        return tuple(name for _, name in sorted(commonest))

    def _closures(self, svs: I32, cycle: tuple[Hop, ...]) -> tuple[Closure, ...]:
        heap, table = self._heap, self._heap.codes
        on_cycle = {hop.source for hop in cycle}
        codes = svs[heap.kind[svs] == Kind.CODE]
        rows = table.sv.searchsorted(codes)
        # What a name and a place are made of: few differ, of however many clones.
        made_of = np.stack([column[rows] for column in (table.file, table.line, table.name, table.stash, table.glob)])
        by_place: dict[tuple[str, int, str], list[int]] = {}
        first = np.sort(np.unique(made_of, axis=1, return_index=True)[1])
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

    def _handles(self, kept: I32) -> tuple[int, ...]:
        ios = self._heap.ios
        held = np.isin(ios.sv, kept)
        numbers = np.where(ios.ifileno[held] >= 0, ios.ifileno[held], ios.ofileno[held])
        return tuple(sorted(numbers[numbers >= 0].tolist()))

    def _large_strings(self, kept: I32) -> int:
        sizes = self._heap.size[kept[self._heap.kind[kept] == Kind.SCALAR]]
        return int(sizes[sizes >= LARGE_STRING].sum())


def _key_svs(heap: Heap, islands: Islands) -> I32:
    """int32[count]: the SV that each cycle is told from: an object if there is one, else a CODE, else a container.

    Of several objects it is one of the rarest class; of SVs that are alike the one with the lowest address.
    """
    svs, start = islands.members
    if not len(svs):
        return svs
    rank = np.full(len(svs), len(_KEY_KINDS) + 1, np.int64)
    for number, kind in enumerate(_KEY_KINDS, 1):
        rank[heap.kind[svs] == kind] = number
    keys = np.minimum.reduceat((rank << 32) | svs, start[:-1]).astype(np.uint32).astype(np.int32)
    objects = svs[(heap.blessed[svs] >= 0) & (heap.kind[svs] != Kind.CODE)]
    island, names = islands.cycle[objects], class_names(heap, objects)
    known, name = np.unique(names, return_inverse=True)
    by_text = sorted(range(len(known)), key=lambda i: heap.string(int(known[i])) or "")
    place = np.empty(len(known), np.int64)
    place[by_text] = np.arange(len(known))
    _, which, counts = np.unique(island * np.int64(len(known) + 1) + name, return_inverse=True, return_counts=True)
    order = np.lexsort((objects, place[name], counts[which], island))
    of_island, first = np.unique(island[order], return_index=True)
    keys[of_island] = objects[order[first]]
    return keys


def _lower_median(values: npt.NDArray[np.int64]) -> int:
    return int(np.sort(values)[(len(values) - 1) // 2])


def _title(heap: Heap, count: int, key: int, verdict: str) -> str:
    package = heap.class_of(key)
    if package:
        things = format_count(count, f"{package} object")
    else:
        names = {Kind.CODE: "closure", Kind.HASH: "hash", Kind.ARRAY: "array", Kind.REF: "reference"}
        name = names.get(Kind(int(heap.kind[key])), "structure")
        things = format_count(count, name, name + ("es" if name == "hash" else "s"))
    if verdict == SELF_HELD:
        return f"{things} {'is kept alive only by itself' if count == 1 else 'are kept alive only by themselves'}"
    return f"{things} can never be freed"


def clones_of(heap: Heap, code: int) -> npt.NDArray[np.int32]:
    """int32: the CODEs that run the same ops as this one, prototypes left out: all closures of one `sub`."""
    codes = heap.codes
    row = code_row(heap, code)
    if not codes.oproot[row]:
        return np.array([code], np.int32)
    return without_prototypes(heap, codes.sv[codes.oproot == codes.oproot[row]])


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
    codes = heap.codes
    known = (codes.stash >= 0) & (codes.file >= 0) & (codes.line > 0)
    files: dict[str, None] = {}
    for package in classes:
        stashes = [sv for sv in heap.stashes.sv.tolist() if heap.stash_name(sv) == package]
        of_package = known & np.isin(codes.stash, stashes)
        files.update(dict.fromkeys(heap.strings[number] for number in np.unique(codes.file[of_package]).tolist()))
    return tuple(files)
