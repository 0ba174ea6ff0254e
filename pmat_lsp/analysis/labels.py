"""How an SV is called in tables: what it is, and which root of perl's it is."""

from __future__ import annotations

from collections.abc import Callable

from pmat_lsp.heap.describe import describe
from pmat_lsp.heap.model import Heap


def labels(heap: Heap) -> Callable[[int], str]:
    """A function from ids to `Net::Conn`, `HASH(1764), the shared string table`."""
    roots: dict[int, str] = {}
    for root in heap.roots:
        roots.setdefault(root.sv, root.description)

    def label(sv: int) -> str:
        return describe(heap, sv) + (f", {roots[sv]}" if sv in roots else "")

    return label
