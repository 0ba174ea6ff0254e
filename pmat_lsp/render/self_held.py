"""The second, shorter part of the report: what only holds itself, yet live code can reach."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from pmat_lsp.render.escape import visible
from pmat_lsp.render.excerpt import GUTTER
from pmat_lsp.render.paths import shown_path
from pmat_lsp.render.report_parts import ReportSource, finding_label, holds_text
from pmat_lsp.render.ways_in import COMPARE_HINT, way_text
from pmat_lsp.source.marks import MarkedFinding, chain_text

MOST_SHOWN = 10
"""So many findings are told; the JSON has all."""
_NOTE = "bold blue"
_INDENT = "   "


def self_held_text(marked: Sequence[MarkedFinding], source: ReportSource, more: int = 0) -> Text:
    """Each finding with its place, its cycle, how it is reached and what it holds; empty where there is none.

    `more` are those besides `marked`.
    """
    text = Text()
    for one in marked[:MOST_SHOWN]:
        text.append_text(_finding(one, source)).append("\n")
    if len(marked) > MOST_SHOWN:
        tells = f"--json tells {'more' if more else 'all'}"
        text.append(f"and {len(marked) - MOST_SHOWN + more:,} more that hold themselves ({tells})\n\n")
    return text


def _finding(marked: MarkedFinding, source: ReportSource) -> Text:
    finding, mark = marked.finding, marked.mark
    title = f": {visible(finding.title)}, and live code can still reach {'it' if finding.count == 1 else 'them'}\n"
    text = Text.assemble((finding_label(finding), _NOTE), (title, "bold"))
    if mark is not None:
        start = mark.range.start
        place = f"{shown_path(mark.path, source.folder)}:{start.line}:{start.column + 1}"
        text.append(f"{_INDENT}--> ", GUTTER).append(f"{place}\n")
    facts = [("cycle", visible(chain_text(finding), 1000)), *(("reach", way_text(way)) for way in finding.ways_in)]
    for label, line in [*facts, ("holds", holds_text(finding)), ("note", COMPARE_HINT)]:
        text.append(f"{_INDENT} = ", GUTTER).append(f"{label:<7}", "bold").append(f" {line}\n")
    return text
