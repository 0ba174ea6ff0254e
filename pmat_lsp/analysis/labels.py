"""How an SV is called in tables: what it is, which root of perl's it is, and by what name the program holds it."""

from __future__ import annotations

from collections.abc import Callable

from pmat_lsp.analysis.names import name_of
from pmat_lsp.heap.describe import describe
from pmat_lsp.heap.model import Heap


def labels(heap: Heap) -> Callable[[int], str]:
    """A function from ids to `Net::Conn`, `HASH(1764), the shared string table`, `HASH(3), %seen of the sub add`."""
    roots: dict[int, str] = {}
    for root in heap.roots:
        if root.sv != heap.main_code:
            roots.setdefault(root.sv, root.description)

    def label(sv: int) -> str:
        known = roots.get(sv)
        if known is None and (name := name_of(heap, sv)):
            known = name.shown
        return describe(heap, sv) + (f", {known}" if known else "")

    return label
