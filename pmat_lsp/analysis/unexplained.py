"""What no root reaches, yet something that the dump does not show may hold: C code, an XS module.

An SV with more counts than references is held from outside the heap. Of those that lead to each other only the
outermost matter: they are the strongly connected components of the unexplained SVs that no other leads to. They are
told in groups of one shape, each with what it leads to: an object of the program's own classes, by a chain, and the
classes on the way that have subs or data in C, one of which probably holds it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.cycles import hops_of
from pmat_lsp.analysis.leads import NOWHERE, Lead, Leads
from pmat_lsp.analysis.ownership import Ownership, components_among
from pmat_lsp.analysis.perls_own import perls_own
from pmat_lsp.analysis.result import Hop
from pmat_lsp.analysis.shapes import class_names
from pmat_lsp.format.kinds import HASH_KINDS, KIND_NAMES, Kind, RefKind
from pmat_lsp.heap.describe import code_place, describe, summarise
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.references import to_csr
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import hash_keys, text_of
from pmat_lsp.kernels import graph

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

FEW = 10
"""Plain data of which there are fewer alike are only counted: perl's variables and modules in C hold some anyway."""
MOST_FOLLOWED = 500
"""Shapes, the commonest first, that are followed to what they lead to; SVs of the others are only counted."""
_SAMPLES = 3
"""Of one shape so many are followed."""
_MOST_KEYS = 8
_LONGEST_TEXT = 40
_DEEPEST = 3
_BACKREF_MAGIC = ord("<")


@dataclass(frozen=True, slots=True)
class UnexplainedGroup:
    """Outermost SVs of one shape: held from outside the heap, and by nothing else that is unexplained."""

    description: str
    """The first: `Net::Conn`, `a reference to the closure at lib/Net/Client.pm:25`, `'00000'`, `HASH(2) {id name}`."""
    svs: tuple[int, ...]
    """SV ids of all, in address order; of SVs that hold each other one."""
    addresses: tuple[int, ...]
    missing: int
    """Counts of each that are not in the dump."""
    package: str | None
    """The class of the program's own objects that they are, or lead to."""
    objects: int
    """Unexplained objects of that class in the heap."""
    chain: tuple[Hop, ...]
    """From one of the SVs to such an object, and on to what probably holds them; may be empty."""
    holders: tuple[str, ...]
    """The classes with subs or data in C that they lead to, the nearest first: one of these probably holds them."""
    svs_total: int
    """The SVs that they alone hold, they included."""
    bytes_total: int
    """Of these."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """What the dump does not show of one SV."""

    missing: int
    """Counts of it that no reference in the dump owns; 1 at the least."""
    holders: tuple[str, ...]
    """As in `UnexplainedGroup`."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """Objects of one of the program's own classes that C code may hold."""

    package: str
    objects: int
    """How many of them are unexplained."""
    missing: int
    """Counts that are not in the dump, of each of the SVs in the biggest group that leads to them."""
    directly: bool
    """Whether it is the objects themselves that these counts are missing of, not something that leads to them."""
    holders: tuple[str, ...]
    """As in `UnexplainedGroup`."""
    bytes: int
    """What is held with them."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """All that is unexplained."""

    svs: int
    """How many SVs that are."""
    bytes: int
    """Their own memory."""
    groups: tuple[UnexplainedGroup, ...]
    """Those that lead to the program's own objects first, the others by their bytes."""
    suspects: tuple[Suspect, ...]
    """One for each class of the groups, in their order."""
    perls_own: int
    """SVs that perl itself holds in every program, with what they alone lead to."""
    few: tuple[tuple[str, int], ...]
    """(kind, how many) of the outermost plain SVs of which there are fewer than `FEW` alike; the commonest first."""
    few_svs: int
    """These and what they alone lead to."""
    shared: int
    """SVs that several of all these hold together."""


class _Outermost(NamedTuple):
    """The outermost components of the unexplained SVs, and the graph that all components form."""

    svs: I32
    """int32: one SV of each, in address order."""
    missing: I64
    """int64: of each, the counts of its SVs that are not in the dump."""
    number: I32
    """int32: of each, its component."""
    component: I32
    """int32[n + 3]: the component of each SV, negative for those that are not unexplained."""
    start: I32
    """int32[components + 1]: the edges of each component are from start[i] to start[i + 1]."""
    target: I32


def missing_counts(heap: Heap, ownership: Ownership, svs: npt.NDArray[np.integer]) -> I64:
    """int64, one an SV: of lost SVs, the counts that no reference in the dump owns."""
    rows, which = _rows_to(heap, svs)
    # perl keeps the count of a list of weak references one too high.
    backrefs = (heap.out_kind[rows] == RefKind.BACKREFS) | (
        (heap.out_kind[rows] == RefKind.MAGIC_OBJECT) & (heap.out_detail[rows] == _BACKREF_MAGIC)
    )
    found = np.bincount(which, ownership.counted[rows] != 0, len(svs)).astype(np.int64)
    is_list = (np.bincount(which, backrefs, len(svs)) > 0) & (heap.kind[svs] == Kind.ARRAY)
    missing: I64 = np.maximum(0, heap.refcount[svs].astype(np.int64) - found - is_list)
    return missing


def unseen_holder(heap: Heap, ownership: Ownership, leads: Leads, sv: int) -> Unseen | None:
    """What the dump does not show of an SV; None where it shows all, or where a root reaches the SV."""
    missing = int(missing_counts(heap, ownership, np.array([sv]))[0]) if ownership.unexplained[sv] else 0
    return Unseen(missing, leads.lead(sv).holders) if missing else None


def find_unexplained(heap: Heap, ownership: Ownership, leads: Leads) -> Unexplained:
    """Sort what is unexplained in a heap; `leads` follows the SVs of the same heap."""
    outermost = _outermost(heap, ownership)
    is_perls = np.isin(outermost.svs, perls_own(heap, outermost.svs))
    told = _told(heap, outermost, np.flatnonzero(~is_perls), leads)
    perls, rest = len(told), len(told) + 1
    owner = np.where(is_perls, perls, rest).astype(np.int32)
    for number, (members, _) in enumerate(told):
        owner[members] = number
    svs, sizes, shared = _owned(heap, outermost, owner, len(told) + 2)
    objects = _objects(heap, ownership)
    groups = [
        _group(heap, outermost, members, lead, objects, (int(svs[number]), int(sizes[number])))
        for number, (members, lead) in enumerate(told)
    ]
    groups.sort(key=lambda group: (group.package is None, -group.bytes_total, group.svs))
    kinds = Counter(KIND_NAMES[int(kind)] for kind in heap.kind[outermost.svs[owner == rest]].tolist())
    return Unexplained(
        int(ownership.unexplained.sum()),
        int(heap.size[: heap.n][ownership.unexplained].sum()),
        tuple(groups),
        _suspects(heap, outermost, groups),
        int(svs[perls]),
        tuple(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))),
        int(svs[rest]),
        shared,
    )


def _told(heap: Heap, outermost: _Outermost, places: I64, leads: Leads) -> list[tuple[I64, Lead]]:
    """(indices into the outermost SVs, what they lead to) of the shapes that are worth a word."""
    told = []
    followed = 0
    for members in sorted(_by_shape(heap, outermost, places), key=lambda members: -len(members)):
        svs = outermost.svs[members[:_SAMPLES]].tolist()
        lead = NOWHERE
        if followed < MOST_FOLLOWED and len(heap.out_rows(svs[0])):
            lead, followed = leads.from_any(svs), followed + 1
        if lead.matters or len(members) >= FEW:
            told.append((members, lead))
    return told


def _group(
    heap: Heap, outermost: _Outermost, members: I64, lead: Lead, objects: dict[str, int], owned: tuple[int, int]
) -> UnexplainedGroup:
    svs = outermost.svs[members]
    package = heap.class_of(lead.target) if lead.target >= 0 else None
    return UnexplainedGroup(
        description=_description(heap, int(svs[0])),
        svs=tuple(svs.tolist()),
        addresses=tuple(heap.address[svs].tolist()),
        missing=int(outermost.missing[members[0]]),
        package=package,
        objects=objects.get(package or "", 0),
        chain=hops_of(heap, list(lead.rows)),
        holders=lead.holders,
        svs_total=owned[0],
        bytes_total=owned[1],
    )


def _description(heap: Heap, sv: int) -> str:
    depth, target = _referent(heap, sv)
    plain = heap.kind[target] in (Kind.SCALAR, Kind.UNDEF, Kind.HASH) and heap.blessed[target] < 0
    return "a reference to " * depth + (summarise(heap, target) if plain else describe(heap, target))


def _referent(heap: Heap, sv: int) -> tuple[int, int]:
    """(how many plain references are passed, the SV at their end)."""
    depth = 0
    while heap.kind[sv] == Kind.REF and heap.blessed[sv] < 0 and depth < _DEEPEST:
        target = next((one for kind, _, one in heap.references_of(sv) if kind == RefKind.REFERENT), -1)
        if target < 0:
            break
        depth, sv = depth + 1, target
    return depth, sv


def _outermost(heap: Heap, ownership: Ownership) -> _Outermost:
    svs = np.flatnonzero(ownership.unexplained).astype(np.int32)
    component, count = components_among(heap, ownership.counted, svs)
    rows, source = _rows_from(heap, svs)
    ends = np.stack((component[svs[source]], component[heap.out_target[rows]]))
    edges = np.unique(ends[:, (ownership.counted[rows] != 0) & (ends[1] >= 0) & (ends[0] != ends[1])], axis=1)
    start, order = to_csr(edges[0].astype(np.int32), count)
    missing = missing_counts(heap, ownership, svs)
    numbers = component[svs]
    is_inner = np.zeros(count, np.bool_)
    is_inner[edges[1]] = True
    total = np.bincount(numbers, missing, count).astype(np.int64)
    # Of those that hold each other: an object, else a sub, else the first, each with a count that is missing.
    held = np.flatnonzero((missing > 0) & ~is_inner[numbers])
    rank = np.where(heap.blessed[svs[held]] >= 0, 0, np.where(heap.kind[svs[held]] == Kind.CODE, 1, 2))
    held = held[np.lexsort((svs[held], rank))]
    chosen = np.sort(held[np.unique(numbers[held], return_index=True)[1]])
    return _Outermost(
        svs[chosen],
        total[numbers[chosen]],
        numbers[chosen],
        component,
        start,
        edges[1][order].astype(np.int32),
    )


def _owned(heap: Heap, outermost: _Outermost, owner: I32, owners: int) -> tuple[I64, I64, int]:
    """(SVs, bytes) that each owner of outermost SVs alone holds, and the SVs that several of them hold together."""
    count = len(outermost.start) - 1
    of_component = np.full(count, -1, np.int32)
    of_component[outermost.number] = owner
    own = np.zeros(count, np.uint8)
    own[outermost.number] = 1
    # A component has a larger number than those that it leads to.
    referrers_first = np.arange(count - 1, -1, -1, dtype=np.int32)
    everything = np.ones(len(outermost.target), np.uint8)
    graph.sole_owners(outermost.start, outermost.target, everything, referrers_first, own, of_component)
    svs = np.flatnonzero(outermost.component[: heap.n] >= 0)
    owner_of = of_component[outermost.component[svs]]
    owned = owner_of >= 0
    counts = np.bincount(owner_of[owned], minlength=owners).astype(np.int64)
    sizes = np.bincount(owner_of[owned], heap.size[svs[owned]].astype(np.int64), owners).astype(np.int64)
    return counts, sizes, int((~owned).sum())


def _suspects(heap: Heap, outermost: _Outermost, groups: Sequence[UnexplainedGroup]) -> tuple[Suspect, ...]:
    packages = list(dict.fromkeys(group.package for group in groups if group.package is not None))
    owner = np.full(len(outermost.svs), len(packages), np.int32)
    for group in groups:
        if group.package is not None:
            owner[np.isin(outermost.svs, group.svs)] = packages.index(group.package)
    _, sizes, _ = _owned(heap, outermost, owner, len(packages) + 1)
    found = []
    for number, package in enumerate(packages):
        biggest = max((one for one in groups if one.package == package), key=lambda one: len(one.svs))
        directly = heap.class_of(biggest.svs[0]) == package
        found.append(Suspect(package, biggest.objects, biggest.missing, directly, biggest.holders, int(sizes[number])))
    return tuple(found)


def _objects(heap: Heap, ownership: Ownership) -> dict[str, int]:
    """How many objects of each class are unexplained."""
    svs = np.flatnonzero(ownership.unexplained & (heap.blessed[: heap.n] >= 0))
    names, counts = np.unique(class_names(heap, svs), return_counts=True)
    return {heap.string(name) or "": count for name, count in zip(names.tolist(), counts.tolist(), strict=True)}


def _by_shape(heap: Heap, outermost: _Outermost, places: I64) -> list[I64]:
    """Indices into the outermost SVs, in groups of one shape: those of each group rising."""
    shapes: dict[tuple[object, ...], list[int]] = {}
    missing = outermost.missing.tolist()
    for place in places.tolist():
        shapes.setdefault((missing[place], *_shape(heap, int(outermost.svs[place]))), []).append(place)
    return [np.array(members, np.int64) for members in shapes.values()]


def _shape(heap: Heap, sv: int) -> tuple[object, ...]:
    """What SVs that are alike have in common: class, place in the source, keys, text; of a REF that of its target."""
    depth, target = _referent(heap, sv)
    kind = int(heap.kind[target])
    return depth, kind, heap.class_of(target) or _telling(heap, target, kind)


def _telling(heap: Heap, sv: int, kind: int) -> object:
    if kind == Kind.CODE:
        return code_place(heap, sv)
    if kind in HASH_KINDS:
        keys = [_blank(decode_name(key)) for key in islice(hash_keys(heap, sv), _MOST_KEYS + 1)]
        return frozenset(keys) if len(keys) <= _MOST_KEYS else len(keys)
    if kind == Kind.ARRAY:
        return frozenset(heap.kind[heap.out_target[list(heap.out_rows(sv)[:_MOST_KEYS])]].tolist())
    return _blank((text_of(heap, sv) or "")[:_LONGEST_TEXT]) if kind == Kind.SCALAR else None


def _blank(text: str) -> str:
    """Without what differs from one to the next: numbers and addresses."""
    return re.sub(r"0x[0-9a-fA-F]+|\d+", "#", text)


def _rows_to(heap: Heap, svs: npt.NDArray[np.integer]) -> tuple[I64, I64]:
    """(rows of the out_ columns that refer to some SVs, of each the index of the SV)."""
    places, which = _ranges(heap.in_start[svs], heap.in_start[svs + 1])
    return heap.in_ref[places].astype(np.int64), which


def _rows_from(heap: Heap, svs: npt.NDArray[np.integer]) -> tuple[I64, I64]:
    """(rows of the out_ columns that belong to some SVs, of each the index of the SV)."""
    return _ranges(heap.out_start[svs], heap.out_start[svs + 1])


def _ranges(start: I32, stop: I32) -> tuple[I64, I64]:
    """(all numbers from each start up to its stop, of each the index of the range)."""
    counts = (stop - start).astype(np.int64)
    which = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    behind = start - (np.cumsum(counts) - counts)
    return np.arange(len(which), dtype=np.int64) + behind[which], which
