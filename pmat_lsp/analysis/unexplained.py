"""What no root reaches, yet something that the dump does not show may hold: C code, an XS module.

An SV with more counts than references is held from outside the heap. Of those that lead to each other only the
outermost matter: they are the strongly connected components of the unexplained SVs that no other leads to. They are
told in groups of one shape, each with what it leads to: an object of the program's own classes, by a chain, and the
classes on the way that have subs or data in C, one of which probably holds it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.cycles import hops_of
from pmat_lsp.analysis.leads import NOWHERE, Lead, Leads
from pmat_lsp.analysis.ownership import Ownership, components_of, missing_counts
from pmat_lsp.analysis.perls_own import perls_own
from pmat_lsp.analysis.result import Hop
from pmat_lsp.analysis.rows import referents, rows_from, source_of
from pmat_lsp.analysis.shapes import class_names
from pmat_lsp.format.kinds import HASH_KINDS, Kind, kind_name
from pmat_lsp.heap.bodies import body_of
from pmat_lsp.heap.describe import describe, summarise
from pmat_lsp.heap.distinct import counted, first_of_each
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
_MOST_ELEMENTS = 3
_LONGEST_TEXT = 40
_DEEPEST = 3


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
    held: int
    """Outermost SVs in the biggest group that leads to them."""
    directly: bool
    """Whether these are the objects themselves, one by one."""
    missing: int
    """Counts of each of these that are not in the dump."""
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
    """One for each class of the groups, by their bytes."""
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
    unexplained: I32
    """int32: all SVs that are unexplained, in address order."""
    component: I32
    """int32: the component of each of these."""
    start: I32
    """int32[components + 1]: the edges of each component are from start[i] to start[i + 1]."""
    target: I32
    """int32: the component that each edge leads to."""


_Told = list[tuple[I64, Lead]]
"""Indices into the outermost SVs of one shape, and what they lead to."""


def unseen_holder(heap: Heap, ownership: Ownership, leads: Leads, sv: int) -> Unseen | None:
    """What the dump does not show of an SV; None where it shows all, or where a root reaches the SV."""
    # Immortals are never lost, though no root may lead to one.
    if sv >= heap.n or not ownership.unexplained[sv]:
        return None
    missing = int(missing_counts(heap, ownership.counted, np.array([sv]))[0])
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
    objects = _objects(heap, outermost.unexplained)
    groups = [
        _group(heap, outermost, members, lead, objects, (int(svs[number]), int(sizes[number])))
        for number, (members, lead) in enumerate(told)
    ]
    groups.sort(key=lambda group: (group.package is None, -group.bytes_total, group.svs))
    kinds = Counter(kind_name(kind) for kind in heap.kind[outermost.svs[owner == rest]].tolist())
    return Unexplained(
        len(outermost.unexplained),
        int(heap.size[outermost.unexplained].sum()),
        tuple(groups),
        _suspects(heap, outermost, told),
        int(svs[perls]),
        tuple(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))),
        int(svs[rest]),
        shared,
    )


def find_suspects(heap: Heap, ownership: Ownership, leads: Leads) -> tuple[Suspect, ...]:
    """As `Unexplained.suspects`, without a look at the plain data."""
    outermost = _outermost(heap, ownership)
    holds = heap.out_start[outermost.svs + 1] > heap.out_start[outermost.svs]
    places = np.flatnonzero(holds & ~np.isin(outermost.svs, perls_own(heap, outermost.svs[holds])))
    return _suspects(heap, outermost, _told(heap, outermost, places, leads))


def _told(heap: Heap, outermost: _Outermost, places: I64, leads: Leads) -> _Told:
    """(indices into the outermost SVs, what they lead to) of the shapes that are worth a word."""
    told: _Told = []
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
    depth, target = (int(found[0]) for found in referents(heap, np.array([sv], np.int32), _DEEPEST))
    return "a reference to " * depth + (describe(heap, target) if heap.class_of(target) else _summary(heap, target))


def _summary(heap: Heap, sv: int) -> str:
    if heap.kind[sv] != Kind.ARRAY or not heap.length[sv]:
        return summarise(heap, sv)
    first = [summarise(heap, target) for _, _, target in islice(heap.references_of(sv), _MOST_ELEMENTS)]
    return f"{describe(heap, sv)} [{', '.join(first)}{', …' if heap.length[sv] > len(first) else ''}]"


def _outermost(heap: Heap, ownership: Ownership) -> _Outermost:
    svs = np.flatnonzero(ownership.unexplained).astype(np.int32)
    rows, source = rows_from(heap, svs)
    inner = (ownership.counted[rows] != 0) & np.append(ownership.unexplained, [False] * 3)[heap.out_target[rows]]
    source, target = source[inner], np.searchsorted(svs, heap.out_target[rows[inner]])
    start, order = to_csr(source.astype(np.int32), len(svs))
    every = np.ones(len(order), np.uint8)
    component, count = components_of(start, target[order].astype(np.int32), every, np.arange(len(svs)))
    source, target = component[source], component[target]
    start, order = to_csr(source[source != target], count)
    target = target[source != target][order]
    missing = missing_counts(heap, ownership.counted, svs)
    is_inner = np.zeros(count, np.bool_)
    is_inner[target] = True
    # Of those that hold each other: an object, else a sub, else the first, each with a count that is missing.
    held = np.flatnonzero((missing > 0) & ~is_inner[component])
    rank = np.where(heap.blessed[svs[held]] >= 0, 0, np.where(heap.kind[svs[held]] == Kind.CODE, 1, 2))
    held = held[np.lexsort((held, rank))]
    chosen = np.sort(held[first_of_each(component[held])[1]])
    total = np.bincount(component, missing, count).astype(np.int64)
    return _Outermost(svs[chosen], total[component[chosen]], component[chosen], svs, component, start, target)


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
    owner_of = of_component[outermost.component]
    owned = owner_of >= 0
    counts = np.bincount(owner_of[owned], minlength=owners).astype(np.int64)
    size = heap.size[outermost.unexplained[owned]].astype(np.int64)
    sizes = np.bincount(owner_of[owned], size, owners).astype(np.int64)
    return counts, sizes, int((~owned).sum())


def _suspects(heap: Heap, outermost: _Outermost, told: _Told) -> tuple[Suspect, ...]:
    by_package: dict[str, _Told] = {}
    for members, lead in told:
        package = heap.class_of(lead.target) if lead.target >= 0 else None
        if package is not None:
            by_package.setdefault(package, []).append((members, lead))
    owner = np.full(len(outermost.svs), len(by_package), np.int32)
    for number, alike in enumerate(by_package.values()):
        for members, _ in alike:
            owner[members] = number
    _, sizes, _ = _owned(heap, outermost, owner, len(by_package) + 1)
    objects = _objects(heap, outermost.unexplained)
    found = []
    for number, (package, alike) in enumerate(by_package.items()):
        members, lead = max(alike, key=lambda pair: len(pair[0]))
        is_object = not lead.rows or source_of(heap, lead.rows[0]) == lead.target
        directly = bool(is_object) and len(members) == objects[package]
        missing = int(outermost.missing[members[0]])
        found.append(
            Suspect(package, objects[package], len(members), directly, missing, lead.holders, int(sizes[number]))
        )
    return tuple(sorted(found, key=lambda suspect: (-suspect.bytes, suspect.package)))


def _objects(heap: Heap, svs: I32) -> dict[str, int]:
    """How many objects of each class are among some SVs."""
    svs = svs[heap.blessed[svs] >= 0]
    names, counts = counted(class_names(heap, svs))
    return {heap.string(name) or "": count for name, count in zip(names.tolist(), counts.tolist(), strict=True)}


def _by_shape(heap: Heap, outermost: _Outermost, places: I64) -> list[I64]:
    """Indices into the outermost SVs, in groups of one shape: those of each group rising.

    A shape is what SVs that are alike have in common: the missing counts, class, place in the source, keys, text; of a
    REF those of its target.
    """
    depth, target = referents(heap, outermost.svs[places], _DEEPEST)
    kind = heap.kind[target]
    package = np.where(heap.blessed[target] >= 0, class_names(heap, target), -1)
    columns = (outermost.missing[places], depth, kind, package, _telling(heap, target, kind))
    order = np.lexsort(columns)
    starts = np.any([np.diff(column[order]) != 0 for column in columns], axis=0)
    return np.split(places[order], np.flatnonzero(starts) + 1) if len(places) else []


def _telling(heap: Heap, svs: I32, kind: npt.NDArray[np.uint8]) -> I64:
    """int64, one an SV: a number for what tells it from others of its kind; 0 for an object."""
    told = np.zeros(len(svs), np.int64)
    plain = heap.blessed[svs] < 0
    codes = np.flatnonzero(plain & (kind == Kind.CODE))
    rows = heap.codes.sv.searchsorted(svs[codes])
    told[codes] = (heap.codes.file[rows].astype(np.int64) << 32) | (heap.codes.line[rows] & 0xFFFFFFFF)
    numbers: dict[object, int] = {}
    tellers = ((HASH_KINDS, _keys), ((Kind.ARRAY,), _element_kinds), ((Kind.SCALAR,), _text))
    for kinds, teller in tellers:
        chosen = np.flatnonzero(plain & np.isin(kind, kinds))
        # In the order of the dump, which is read piece by piece.
        for place in chosen[np.argsort(heap.offset[svs[chosen]])].tolist():
            told[place] = numbers.setdefault(teller(heap, int(svs[place])), len(numbers))
    return told


def _keys(heap: Heap, sv: int) -> object:
    keys = [_blank(decode_name(key)) for key in islice(hash_keys(heap, sv), _MOST_KEYS + 1)]
    return frozenset(keys) if len(keys) <= _MOST_KEYS else len(keys)


def _element_kinds(heap: Heap, sv: int) -> object:
    start, stop = heap.out_start[sv : sv + 2].tolist()
    return frozenset(heap.kind[heap.out_target[start : min(stop, start + _MOST_KEYS)]].tolist())


def _text(heap: Heap, sv: int) -> object:
    if heap.length[sv] < 0:
        return _blank(text_of(heap, sv) or "")
    body = body_of(heap, sv)
    return _blank(bytes(heap.data[body : body + min(int(heap.length[sv]), _LONGEST_TEXT)]).decode("latin-1"))


def _blank(text: str) -> str:
    """Without what differs from one to the next: numbers and addresses."""
    return re.sub(r"0x[0-9a-fA-F]+|\d+", "#", text)
