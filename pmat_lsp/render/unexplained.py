"""The answer of `pmat-lsp leaks --unexplained`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from pmat_lsp.analysis.unexplained import UnexplainedGroup
from pmat_lsp.render.escape import visible
from pmat_lsp.units import format_bytes, format_count

MOST_GROUPS = 30


def unexplained_text(groups: Sequence[UnexplainedGroup]) -> Text:
    """A line a group, of more than `MOST_GROUPS` the first ones, and what to make of them."""
    if not groups:
        return Text("nothing else is lost.\n")
    count = sum(group.count for group in groups)
    size = format_bytes(sum(group.bytes for group in groups))
    verb = "is" if count == 1 else "are"
    title = (
        f"{format_count(count, 'SV')} ({size}) {verb} lost, but something that the dump does not show may hold them:"
    )
    text = Text.assemble((title, "bold"), "\n")
    for group in groups[:MOST_GROUPS]:
        text.append(f"  {group.count:>7,}  {format_bytes(group.bytes):>12}  {visible(group.description)}\n")
    if len(groups) > MOST_GROUPS:
        text.append(f"  and {format_count(len(groups) - MOST_GROUPS, 'more sort', 'more sorts')}\n")
    return text.append("These need not be leaks: a callback that an event loop written in C holds looks the same.\n")
