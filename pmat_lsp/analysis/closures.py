"""The facts of one `sub`: its clones in the heap, what they capture and hold, and who holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.cycles import is_captured
from pmat_lsp.analysis.file_numbers import file_numbers
from pmat_lsp.analysis.holders import Holder, holders
from pmat_lsp.analysis.leaks import Leaks, without_prototypes
from pmat_lsp.analysis.result import Location
from pmat_lsp.analysis.retained import Retained
from pmat_lsp.analysis.rows import rows_from
from pmat_lsp.format.kinds import PadnameFlag, RefKind
from pmat_lsp.heap.describe import code_name, referent, summarise
from pmat_lsp.heap.distinct import counted, distinct
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.pads import first_pad, padnames_of

MOST_CLONES = 500
"""So many clones are looked at for values and holders; counts are always of all."""
MOST_VALUES = 3
MOST_HOLDERS = 50
I32 = npt.NDArray[np.int32]
_TO_PADS = (
    RefKind.CODE_PAD,
    RefKind.CODE_PADLIST,
    RefKind.CODE_PADNAMES,
    RefKind.PADLIST_PAD,
    RefKind.PADLIST_NAMES,
)


@dataclass(frozen=True)
class CodeSite:
    """All CODEs that perl compiled from one `sub`: they share file, line and op tree."""

    location: Location
    name: str | None
    """Fully qualified, None for an anonymous sub."""
    codes: npt.NDArray[np.int32]
    """int32: SV ids in address order, the prototype included."""


@dataclass(frozen=True, slots=True)
class ValueCount:
    """A value that a lexical has in some clones."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class LexicalFacts:
    """A lexical of a sub, over its clones."""

    name: str
    """With its sigil."""
    kind: str
    """`my`, `our`, `state` or `field`."""
    captured: bool
    """Of an enclosing scope."""
    clones: int
    """Clones that were looked at and have it."""
    strong: int
    """Of these, how many do not hold a weakened reference in it."""
    leads_back: int
    """Of these, how many leaked with this lexical on the way back to them."""
    values: tuple[ValueCount, ...]
    """The commonest first, `MOST_VALUES` at the most."""
    different: int
    """How many different values there are."""
    address: int
    """Of what one of the clones holds in it, or refers to."""
    handles: tuple[int, ...]
    """The file numbers of the handles that it holds, sorted; one that is open for both has two where they differ."""


@dataclass(frozen=True)
class CodeFacts:
    """What the heap says of one `sub`."""

    site: CodeSite
    live: int
    """Clones in the heap, or 1 for a sub that is no closure; leaked ones included."""
    leaked: int
    """Proven leaks among them."""
    self_held: int
    """Lost and held by nothing but themselves, but live code can reach them through a weak reference."""
    unexplained: int
    """Lost, but something that the dump does not show may hold them."""
    bytes: int
    """Of the live CODEs and their pads alone."""
    retained_bytes_each: int
    """Lower median of what the islands of the leaked ones keep alive; 0 if none is on a cycle."""
    refcounts: tuple[tuple[int, int], ...]
    """(a refcount, how many clones have it), the commonest first."""
    address: int
    """Of one of the clones, a leaked one where there are some; 0 where none is alive."""
    _heap: Heap = field(repr=False, compare=False)
    _leaks: Leaks = field(repr=False, compare=False)
    _sample: tuple[int, ...] = field(repr=False)
    """SV ids of the clones that are looked at one by one."""

    # These two take as long as everything else together, and counts are shown without them.
    @cached_property
    def lexicals(self) -> tuple[LexicalFacts, ...]:
        """In the order of the pad, captured ones first."""
        return tuple(lexicals_of(self._heap, self._leaks, self._sample))

    @cached_property
    def holders(self) -> tuple[Holder, ...]:
        """Who refers to the clones: `{on_closed} of Net::Conn`; the commonest first, `MOST_HOLDERS` at the most."""
        return holders(self._heap, self._sample, MOST_HOLDERS)

    def lexical(self, name: str) -> LexicalFacts | None:
        """The facts of one lexical."""
        return next((lexical for lexical in self.lexicals if lexical.name == name), None)


def code_sites(heap: Heap) -> dict[str, tuple[CodeSite, ...]]:
    """Every sub of the heap that has a line, by the file that perl recorded, in order of line.

    XSUBs and constants have line 0 and no site.
    """
    codes = heap.codes
    rows = _rows_with_site(heap)
    order = rows[np.lexsort((codes.sv[rows], codes.oproot[rows], codes.line[rows], codes.file[rows]))]
    key = np.stack((codes.file[order], codes.line[order], codes.oproot[order].view(np.int64)))
    starts = np.flatnonzero(np.any(key[:, 1:] != key[:, :-1], axis=0)) + 1
    sites: dict[str, list[CodeSite]] = {}
    for group in np.split(order, starts) if len(order) else []:
        file = heap.strings[int(codes.file[group[0]])]
        svs = codes.sv[group]
        site = CodeSite(Location(file, int(codes.line[group[0]])), code_name(heap, int(svs[-1])), svs)
        sites.setdefault(file, []).append(site)
    return {file: tuple(found) for file, found in sites.items()}


def recorded_files(heap: Heap) -> list[str]:
    """The files, as recorded, that have some site."""
    return [heap.strings[name] for name in distinct(heap.codes.file[_rows_with_site(heap)]).tolist()]


def _rows_with_site(heap: Heap) -> npt.NDArray[np.intp]:
    codes = heap.codes
    return np.flatnonzero((codes.line > 0) & (codes.file >= 0) & (codes.oproot != 0))


def code_facts(heap: Heap, leaks: Leaks, site: CodeSite) -> CodeFacts:
    """Look a sub's clones over."""
    clones = clones_at(heap, site)
    leaked = leaks.ownership.proven[clones]
    islands = leaks.islands.cycle_of(clones)
    sizes = np.sort(leaks.islands.bytes[distinct(islands[islands >= 0])])
    counts, times = counted(heap.refcount[clones])
    commonest = np.argsort(-times, kind="stable")
    return CodeFacts(
        site=site,
        live=len(clones),
        leaked=int(leaked.sum()),
        self_held=int(leaks.ownership.self_held[clones].sum()),
        unexplained=int(leaks.ownership.unexplained[clones].sum()),
        bytes=int(heap.size[clones].sum() + _bytes_of_pads(heap, clones)),
        retained_bytes_each=int(sizes[(len(sizes) - 1) // 2]) if len(sizes) else 0,
        refcounts=tuple(zip(counts[commonest].tolist(), times[commonest].tolist(), strict=True)),
        address=heap.address_of(int(clones[np.argmax(leaked)])) if len(clones) else 0,
        _heap=heap,
        _leaks=leaks,
        _sample=tuple(clones[:MOST_CLONES].tolist()),
    )


def clones_at(heap: Heap, site: CodeSite) -> I32:
    """int32: the CODEs of a site without the prototype that closures are cloned from."""
    return without_prototypes(heap, site.codes)


def retained_by(heap: Heap, leaks: Leaks, sizes: Retained, site: CodeSite) -> int:
    """Bytes that the clones of a site keep alive: the islands that leaked ones are on, and what the others retain.

    Nothing is counted twice.
    """
    clones = clones_at(heap, site)
    islands = distinct(leaks.islands.owner_of(clones))
    islands = islands[islands >= 0]
    others = clones[~np.isin(leaks.islands.owner_of(clones), islands)]
    outermost = sizes.outermost(others, np.zeros(len(others), np.int64)) if len(others) else np.empty(0, np.bool_)
    return int(leaks.islands.bytes[islands].sum()) + int(sizes.bytes[others[outermost]].sum())


def _bytes_of_pads(heap: Heap, codes: I32) -> int:
    """Of the PADLIST, PADNAMES and PADs of CODEs, found from these: the whole heap is not looked through."""
    found = codes
    total = 0
    for _ in range(2):
        rows = rows_from(heap, found)[0]
        targets = heap.out_target[rows]
        owned = np.isin(heap.out_kind[rows], _TO_PADS) & np.isin(heap.owner[targets], codes)
        found = distinct(targets[owned])
        total += int(heap.size[found].sum())
    return total


def lexicals_of(heap: Heap, leaks: Leaks, clones: Sequence[int]) -> Iterator[LexicalFacts]:
    """The lexicals in the first pads of CODEs of one site, captured ones first."""
    if not clones:
        return
    # The names are the same for all clones.
    rows = heap.padnames.rows_of(clones[0])
    names = dict(zip(heap.padnames.index[rows].tolist(), padnames_of(heap, clones[0]), strict=True))
    slots: dict[str, list[tuple[int, int, int]]] = {}
    lexical = int(RefKind.PAD_LEXICAL)
    for code in clones:
        pad = first_pad(heap, code)
        for kind, index, target in heap.references_of(pad) if pad >= 0 else ():
            if kind == lexical and index in names:
                slots.setdefault(names[index], []).append((code, index, target))
    found = [_lexical(heap, leaks, name, slots[name]) for name in dict.fromkeys(names.values()) if name in slots]
    yield from sorted(found, key=lambda lexical: not lexical.captured)


def _lexical(heap: Heap, leaks: Leaks, name: str, slots: list[tuple[int, int, int]]) -> LexicalFacts:
    code, index, _ = slots[0]
    values = Counter(summarise(heap, target) for _, _, target in slots)
    weak = sum(1 for _, _, target in slots if (held := referent(heap, target)) is not None and not held[1])
    sources, targets = (leaks.islands.cycle_of(np.array(svs, np.int32)) for svs in list(zip(*slots, strict=True))[::2])
    back = int(np.count_nonzero((sources >= 0) & (sources == targets)))
    return LexicalFacts(
        name=name,
        kind=_declared_as(heap.padname_flags(code, index)),
        captured=is_captured(heap, code, index),
        clones=len(slots),
        strong=len(slots) - weak,
        leads_back=back,
        values=tuple(ValueCount(text, count) for text, count in values.most_common(MOST_VALUES)),
        different=len(values),
        address=heap.address_of(held[0] if (held := referent(heap, slots[0][2])) else slots[0][2]),
        handles=tuple(sorted({number for _, _, target in slots for number in file_numbers(heap, target)})),
    )


def _declared_as(flags: PadnameFlag) -> str:
    for flag, word in ((PadnameFlag.FIELD, "field"), (PadnameFlag.OUR, "our"), (PadnameFlag.STATE, "state")):
        if flags & flag:
            return word
    return "my"
