"""How live code can reach what only holds itself, as a path that a Perl developer reads."""

from __future__ import annotations

from pmat_lsp.analysis.result import WayIn
from pmat_lsp.render.escape import visible

_PLAIN = ("ARRAY(", "HASH(")
COMPARE_HINT = "one dump cannot show whether this is a leak: take another one later, and compare them"
"""What to do about a self-held finding."""
_NOT_IN_DUMP = "something that the dump does not show"


def way_text(way: WayIn) -> str:
    """`%Session::BY_ID → {7} (weak) → Session`; safe to print."""
    hop = way.hop
    start = way.start or _NOT_IN_DUMP
    # Of plain data the labels say enough, and a source that the path begins with need not be named twice.
    source = [] if hop.source_desc.startswith(_PLAIN) or hop.source_desc in start else [hop.source_desc]
    label = hop.label.removeprefix("->")
    return " → ".join(visible(part) for part in (start, *way.labels, *source, f"{label} (weak)", hop.target_desc))
