"""How much memory the questions take that have arrays as long as the heap: known before they take it.

`python -m tests.benchmarks.needs` measures it, and a test holds these numbers to be enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pmat_lsp.heap import memory
from pmat_lsp.heap.model import Heap


class Need(NamedTuple):
    """What a question takes at its greatest, besides what it is built on."""

    doing: str
    """Begins a sentence about it."""
    per_sv: int
    """Bytes."""
    per_reference: int
    """Bytes."""

    def of(self, heap: Heap) -> int:
        """Bytes for a heap."""
        return self.per_sv * heap.n + self.per_reference * len(heap.out_target)


OWNERSHIP = Need("finding what no root reaches", 12, 6)
LEAKS = Need("finding what leaked", 20, 8)
RETAINED = Need("finding what each SV retains", 60, 2)
NEEDS: Mapping[str, Need] = {
    "count": Need("count", 12, 0),
    "count owned": Need("count --owned", 64, 2),
    "count struct": Need("count --struct", 34, 2),
    "reachability": Need("reachability", 24, 6),
    "largest": Need("largest", 22, 0),
    "largest struct": Need("largest --struct", 34, 2),
    "largest owned": Need("largest --owned", 64, 2),
    "diff": Need("diff", 30, 0),
}
"""By the name of a question of the catalogue, with a flag behind it that makes it take more."""


def require(heap: Heap, need: Need) -> None:
    """Refuse what there is no memory for.

    Raises:
        NotEnoughMemory: a limit leaves less.
    """
    memory.require(need.doing, need.of(heap))


def require_for(heaps: Iterable[Heap], name: str, flags: Iterable[str]) -> None:
    """The same for a question of the catalogue with the names of the flags that were given; for the sum of the heaps.

    Raises:
        NotEnoughMemory: a limit leaves less.
    """
    needs = [need for need in map(NEEDS.get, (name, *(f"{name} {flag}" for flag in flags))) if need]
    if needs:
        dearest = max(needs, key=lambda need: need.per_sv)
        memory.require(dearest.doing, sum(map(dearest.of, heaps)))
