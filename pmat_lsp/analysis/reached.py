"""Why an SV is alive: a shortest chain of ownership from the symbol table, or another root, to it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pmat_lsp.analysis.cycles import hops_of
from pmat_lsp.analysis.ownership import root_ids
from pmat_lsp.analysis.result import Step, chain_steps
from pmat_lsp.format.kinds import STASH_KINDS, Kind, Strength
from pmat_lsp.heap.describe import describe
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.symbols import SLOTS, glob_name

MOST_LOOKED_AT = 5_000
"""So many SVs are looked at before the search is given up: a hover waits for it."""
_MOST_REFERRERS = 1_000
_KEEPS = Strength.COUNTED | Strength.STRONG
_ROOT_NAMES = {
    "main_cv": "the program's own lexicals",
    "defstash": "the symbol table",
    "stack": "the value stack",
    "context": "a running call",
    "mortal": "a temporary value",
}
_SIGILS = {int(slot): sigil for sigil, slot in SLOTS.items()}


@dataclass(frozen=True, slots=True)
class WayToRoot:
    """A chain of ownership."""

    start: str
    """Where it begins: `@Net::Client::POOL`, `the running program`, `the value stack`."""
    labels: tuple[str, ...]
    """What is followed from there, as Perl writes it: `[0]`, `{on_closed}`; empty where the SV itself is the start."""


class Roots:
    """The places from which chains of ownership begin; found once for a dump."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap

    @cached_property
    def _names(self) -> dict[int, str]:
        heap = self._heap
        names = {int(sv): "a temporary value" for sv in root_ids(heap).tolist()}
        names.update((int(sv), "the value stack") for sv in heap.stack[heap.stack >= 0].tolist())
        running = distinct(heap.contexts.code[heap.contexts.code >= 0]).tolist()
        names.update((code, f"the running {describe(heap, code).removeprefix('the ')}") for code in running)
        names.update((root.sv, _root_name(root.name)) for root in heap.roots if root.sv >= 0)
        return names

    def way_to(self, sv: int) -> WayToRoot | None:
        """A shortest chain to an SV; None where none was found near enough, as none is to a lost SV."""
        heap, came_by = self._heap, {sv: -1}
        queue = deque([sv])
        while queue and len(came_by) < MOST_LOOKED_AT:
            node = queue.popleft()
            if node in self._names:
                return self._told(node, came_by)
            rows = heap.in_rows(node)[:_MOST_REFERRERS]
            for row, source in zip(rows.tolist(), heap.sources(rows).tolist(), strict=True):
                if source in came_by or not heap.out_strength[row] & _KEEPS or source >= heap.n:
                    continue
                came_by[source] = row
                if heap.kind[source] == Kind.GLOB and int(heap.out_kind[row]) in _SIGILS and self._in_stash(source):
                    return self._told(source, came_by)
                queue.append(source)
        return None

    def _in_stash(self, glob: int) -> bool:
        heap = self._heap
        sources = heap.sources(heap.in_rows(glob)[:_MOST_REFERRERS])
        return bool(np.isin(heap.kind[sources], [int(kind) for kind in STASH_KINDS]).any())

    def _told(self, start: int, came_by: dict[int, int]) -> WayToRoot:
        heap, at = self._heap, start
        rows: list[int] = []
        while (row := came_by[at]) >= 0:
            rows.append(row)
            at = int(heap.out_target[row])
        name = self._names.get(start)
        if name is None:
            name = _SIGILS[int(heap.out_kind[rows[0]])] + glob_name(heap, start)
            rows = rows[1:]
        hops = hops_of(heap, rows)
        # A plain reference on the way is no step of its own.
        labels = [_label(step) for step in chain_steps(hops) if step.hops[0].kind != "deref"]
        return WayToRoot(name, tuple(labels))


def _label(step: Step) -> str:
    """As Perl writes it; the pad of a sub holds the anonymous subs inside it under the bare name `&`."""
    return "a sub inside it" if step.label == "&" else step.label.removeprefix("->")


def _root_name(name: str) -> str:
    return _ROOT_NAMES.get(name, f"perl's {name}")
