"""What leaked: findings, each with its proof, its cycle and the pattern that it follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.cycles import hops_of, is_captured, shortest_cycle
from pmat_lsp.analysis.islands import Islands, find_islands
from pmat_lsp.analysis.ownership import Ownership, find_ownership
from pmat_lsp.analysis.patterns import hop_to_cut, name_pattern
from pmat_lsp.analysis.result import Capture, Closure, Finding, Hop, LeakReport, Location
from pmat_lsp.analysis.shapes import shapes
from pmat_lsp.format.kinds import CodeFlag, Kind, RefKind
from pmat_lsp.heap.describe import code_name, code_place, code_row, referent, summarise
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.pads import first_pad, padnames_of
from pmat_lsp.units import format_count

LARGE_STRING = 1024
"""Bytes from which on a string is worth a word."""

_KEY_KINDS = (Kind.CODE, Kind.HASH, Kind.ARRAY, Kind.OBJECT)


@dataclass(frozen=True)
class Leaks:
    """The report, and the masks and islands that it was made from."""

    report: LeakReport
    ownership: Ownership
    islands: Islands


def find_leaks(heap: Heap, ownership: Ownership | None = None) -> Leaks:
    """Prove what leaked in a heap, and group it by shape; `ownership` is that of the heap, where it is known."""
    ownership = ownership or find_ownership(heap)
    islands = find_islands(heap, ownership)
    groups: dict[object, list[int]] = {}
    for number, shape in enumerate(shapes(heap, ownership, islands)):
        groups.setdefault(shape, []).append(number)
    members = islands.members()
    teller = _Teller(heap, ownership, islands, members)
    findings = sorted(
        (teller.finding(numbers) for numbers in groups.values()),
        key=lambda finding: (-len(finding.handles), -finding.bytes_total, finding.addresses),
    )
    report = LeakReport(
        findings=tuple(findings),
        svs=heap.n,
        roots=ownership.roots,
        lost=int(ownership.lost.sum()),
        unexplained=int(ownership.unexplained.sum()),
        proven=int(ownership.proven.sum()),
    )
    return Leaks(report, ownership, islands)


class _Teller:
    """Tells a group of islands as a Finding."""

    def __init__(
        self, heap: Heap, ownership: Ownership, islands: Islands, members: Sequence[npt.NDArray[np.int32]]
    ) -> None:
        self._heap = heap
        self._ownership = ownership
        self._islands = islands
        self._members = members
        self._follow = ownership.counted

    def finding(self, numbers: list[int]) -> Finding:
        heap, islands = self._heap, self._islands
        members = [self._members[number] for number in numbers]
        kept = np.flatnonzero(np.isin(islands.owner[: heap.n], numbers))
        keys = sorted(self._key_sv(svs) for svs in members)
        first = int(islands.cycle[keys[0]])
        cycle = hops_of(heap, shortest_cycle(heap, keys[0], set(self._members[first].tolist()), self._follow))
        classes = self._classes(members)
        closures = self._closures(members, cycle)
        return Finding(
            pattern=name_pattern(heap, cycle),
            title=_title(heap, len(numbers), keys[0]),
            count=len(numbers),
            svs_each=_lower_median(islands.svs[numbers]),
            bytes_total=int(islands.bytes[numbers].sum()),
            retained_bytes_each=_lower_median(islands.bytes[numbers]),
            classes=classes,
            closures=closures,
            handles=self._handles(kept),
            large_strings=self._large_strings(kept),
            cycle=cycle,
            islands=tuple(keys),
            addresses=tuple(heap.address_of(key) for key in keys),
            svs_total=int(islands.svs[numbers].sum()),
            cut=hop_to_cut(heap, cycle),
            class_files=files_of_classes(heap, classes),
        )

    def _key_sv(self, svs: npt.NDArray[np.int32]) -> int:
        """The SV that a cycle is told from: an object if there is one, else a CODE, else a container."""
        heap = self._heap
        objects = svs[(heap.blessed[svs] >= 0) & (heap.kind[svs] != Kind.CODE)]
        if len(objects):
            counts = Counter(heap.class_of(sv) or "" for sv in objects.tolist())
            rarest = min(counts, key=lambda name: (counts[name], name))
            return next(int(sv) for sv in objects if heap.class_of(int(sv)) == rarest)
        for kind in _KEY_KINDS:
            found = svs[heap.kind[svs] == kind]
            if len(found):
                return int(found[0])
        return int(svs[0])

    def _classes(self, members: list[npt.NDArray[np.int32]]) -> tuple[str, ...]:
        heap = self._heap
        blessed = (sv for svs in members for sv in svs[heap.blessed[svs] >= 0].tolist())
        counts = Counter(heap.class_of(sv) or "" for sv in blessed)
        return tuple(sorted(counts, key=lambda name: (-counts[name], name)))

    def _closures(self, members: list[npt.NDArray[np.int32]], cycle: tuple[Hop, ...]) -> tuple[Closure, ...]:
        heap = self._heap
        on_cycle = {hop.source for hop in cycle}
        by_place: dict[tuple[str, int, str], list[int]] = {}
        for svs in members:
            for sv in svs[heap.kind[svs] == Kind.CODE].tolist():
                by_place.setdefault((*code_place(heap, sv), code_name(heap, sv) or ""), []).append(sv)
        return tuple(
            self._closure(Location(file, line), next((sv for sv in codes if sv in on_cycle), codes[0]))
            for (file, line, _), codes in sorted(by_place.items())
        )

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

    def _handles(self, kept: npt.NDArray[np.intp]) -> tuple[int, ...]:
        ios = self._heap.ios
        held = np.isin(ios.sv, kept)
        numbers = np.where(ios.ifileno[held] >= 0, ios.ifileno[held], ios.ofileno[held])
        return tuple(sorted(numbers[numbers >= 0].tolist()))

    def _large_strings(self, kept: npt.NDArray[np.intp]) -> int:
        sizes = self._heap.size[kept[self._heap.kind[kept] == Kind.SCALAR]]
        return int(sizes[sizes >= LARGE_STRING].sum())


def _lower_median(values: npt.NDArray[np.int64]) -> int:
    return int(np.sort(values)[(len(values) - 1) // 2])


def _title(heap: Heap, count: int, key: int) -> str:
    package = heap.class_of(key)
    if package:
        things = format_count(count, f"{package} object")
    else:
        names = {Kind.CODE: "closure", Kind.HASH: "hash", Kind.ARRAY: "array", Kind.REF: "reference"}
        name = names.get(Kind(int(heap.kind[key])), "structure")
        things = format_count(count, name, name + ("es" if name == "hash" else "s"))
    return f"{things} can never be freed"


def clones_of(heap: Heap, code: int) -> npt.NDArray[np.int32]:
    """int32: the CODEs that run the same ops as this one, prototypes left out: all closures of one `sub`."""
    codes = heap.codes
    row = code_row(heap, code)
    if not codes.oproot[row]:
        return np.array([code], np.int32)
    return without_prototypes(heap, codes.sv[codes.oproot == codes.oproot[row]])


def without_prototypes(heap: Heap, codes: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """int32: those of some CODEs that are not only what closures are cloned from."""
    flags = heap.flags[codes]
    is_prototype = ((flags & CodeFlag.CLONE) != 0) & ((flags & CodeFlag.CLONED) == 0)
    kept: npt.NDArray[np.int32] = codes[~is_prototype]
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
