"""How an SV is called in tables: what it is, which root of perl's it is, and by what name the program holds it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from pmat_lsp.analysis.cycles import SLOT_LABELS
from pmat_lsp.analysis.holders import holder_text, hops_to
from pmat_lsp.format.kinds import STASH_KINDS, Kind
from pmat_lsp.heap.describe import code_name, describe
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.symbols import SLOTS, glob_name

_MOST_HOLDERS = 20
"""So many holders of an SV are asked for a name."""
_SIGILS = {SLOT_LABELS[slot]: sigil for sigil, slot in SLOTS.items() if sigil != "&"}
"""By the label of a hop from a glob; of a sub its own description has the name."""
_NAMES = ("lexical", "capture", "key", "field")
"""Kinds of hops that have a name which the program gave."""
_SAY_IT = (*STASH_KINDS, Kind.GLOB)
"""Kinds of SVs whose description has their name."""


def labels(heap: Heap) -> Callable[[int], str]:
    """A function from ids to `Net::Conn`, `HASH(1764), the shared string table`, `HASH(3), %seen of the sub add`."""
    roots: dict[int, str] = {}
    for root in heap.roots:
        roots.setdefault(root.sv, root.description)

    def label(sv: int) -> str:
        known = roots.get(sv) or known_as(heap, sv)
        return describe(heap, sv) + (f", {known}" if known else "")

    return label


def known_as(heap: Heap, sv: int) -> str:
    """By what name the program holds an SV: `$Net::Client::pool`, `{queue} of Net::Client`, `%seen of the sub add`.

    "" where what it is has its name, or nobody has one for it.
    """
    if heap.kind[sv] in _SAY_IT or (heap.kind[sv] == Kind.CODE and code_name(heap, sv)):
        return ""
    name = ""
    for hop in itertools.islice(hops_to(heap, sv), _MOST_HOLDERS):
        # A handle that is an object has a glob whose name nobody wrote.
        if hop.label in _SIGILS and heap.blessed[hop.source] < 0:
            return _SIGILS[hop.label] + glob_name(heap, hop.source)
        if (hop.kind in _NAMES or hop.label in _SIGILS) and hop.name != "&" and not name:
            name = holder_text(hop)
    return name
