"""What of a heap can be found by name: classes with their objects, subs with their clones, global variables."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.closures import code_sites
from pmat_lsp.analysis.ownership import Ownership
from pmat_lsp.analysis.result import Location
from pmat_lsp.format.kinds import RefKind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.symbols import SLOTS, glob_name
from pmat_lsp.units import format_count


class Sort(Enum):
    """What a name is that of."""

    CLASS = "class"
    SUB = "sub"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a name."""

    name: str
    """`Net::Conn`, `Net::Conn::close`, `@Net::Conn::POOL`."""
    sort: Sort
    facts: str
    """`59 objects, 59 leaked`."""
    location: Location | None
    """Where it is, as recorded: of a class, its first sub; None where nothing says."""
    sv: int


def outline(heap: Heap, ownership: Ownership) -> tuple[Named, ...]:
    """Everything with a name: classes, then subs, then globals, each in the order of their names."""
    subs = [
        Named(site.name, Sort.SUB, _facts(ownership, site.codes, "clone"), site.location, int(site.codes[-1]))
        for sites in code_sites(heap).values()
        for site in sites
        if site.name is not None
    ]
    first: dict[str, Location] = {}
    for sub in subs:
        if sub.location is not None:
            first.setdefault(sub.name.rpartition("::")[0], sub.location)
    found = [*_classes(heap, ownership, first), *subs, *_globals(heap)]
    order = tuple(Sort)
    return tuple(sorted(found, key=lambda named: (order.index(named.sort), named.name)))


def _classes(heap: Heap, ownership: Ownership, first: dict[str, Location]) -> list[Named]:
    objects = heap.objects
    by_stash = objects[np.argsort(heap.blessed[objects], kind="stable")]
    groups = np.split(by_stash, np.flatnonzero(np.diff(heap.blessed[by_stash])) + 1) if len(by_stash) else []
    found = []
    for svs in groups:
        stash = int(heap.blessed[svs[0]])
        name = heap.stash_name(stash)
        if name is not None:
            found.append(Named(name, Sort.CLASS, _facts(ownership, svs, "object"), first.get(name), stash))
    return found


def _globals(heap: Heap) -> list[Named]:
    """The variables that globs have."""
    sigils = {int(slot): sigil for sigil, slot in SLOTS.items() if slot != RefKind.GLOB_CODE}
    rows = np.flatnonzero(np.isin(heap.out_kind, list(sigils)))
    found = []
    for row in rows.tolist():
        glob, sv = int(heap.out_source[row]), int(heap.out_target[row])
        at = int(np.searchsorted(heap.globs.sv, glob))
        name = heap.string(int(heap.globs.name[at]))
        if name is None or name.startswith("_<") or name.endswith("::"):
            continue
        file, line = heap.string(int(heap.globs.file[at])), int(heap.globs.line[at])
        location = Location(file, line) if file and line else None
        facts = f"{int(heap.size[sv]):,} bytes" if sv < heap.n else ""
        symbol = sigils[int(heap.out_kind[row])] + glob_name(heap, glob)
        found.append(Named(symbol, Sort.GLOBAL, facts, location, sv))
    return found


def _facts(ownership: Ownership, svs: npt.NDArray[np.integer], thing: str) -> str:
    leaked = int(ownership.proven[svs].sum())
    return format_count(len(svs), thing) + (f", {leaked:,} leaked" if leaked else "")
