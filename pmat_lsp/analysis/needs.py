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
    per_lost: int = 0
    """Bytes by SV that no root reaches."""

    def of(self, heap: Heap, lost: int = 0) -> int:
        """Bytes for a heap."""
        return self.per_sv * heap.n + self.per_reference * len(heap.out_target) + self.per_lost * lost


OWNERSHIP = Need("finding what no root reaches", 12, 2)
"""Where few are lost."""
LEAKS = Need("finding what leaked", 4, 0, 95)
RETAINED = Need("finding what each SV retains", 46, 2)
NEEDS: Mapping[str, Need] = {
    "count": Need("count", 25, 0),
    "count owned": Need("count --owned", 80, 2),
    "count struct": Need("count --struct", 36, 2),
    "reachability": Need("reachability", 20, 4),
    "largest": Need("largest", 30, 0),
    "largest struct": Need("largest --struct", 36, 2),
    "largest owned": Need("largest --owned", 80, 2),
    "diff": Need("diff", 20, 0),
}
"""By the name of a question of the catalogue, with a flag behind it that makes it take more."""


def require(heap: Heap, need: Need, lost: int = 0) -> None:
    """Refuse what there is no memory for; `lost` is how many SVs no root reaches.

    Raises:
        NotEnoughMemory: a limit leaves less.
    """
    memory.require(need.doing, need.of(heap, lost))


def require_for(heaps: Iterable[Heap], name: str, flags: Iterable[str]) -> None:
    """The same for a question of the catalogue with the names of the flags that were given; for the sum of the heaps.

    Raises:
        NotEnoughMemory: a limit leaves less.
    """
    needs = [need for need in map(NEEDS.get, (name, *(f"{name} {flag}" for flag in flags))) if need]
    if needs:
        dearest = max(needs, key=lambda need: need.per_sv)
        memory.require(dearest.doing, sum(map(dearest.of, heaps)))
