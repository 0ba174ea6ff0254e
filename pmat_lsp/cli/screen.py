"""What the demo's editor shows, drawn as text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from pmat_lsp.cli.editor import ShownDiagnostic, ShownPlace
from pmat_lsp.render.escape import visible
from pmat_lsp.render.excerpt import Mark, excerpt
from pmat_lsp.render.paths import shown_path
from pmat_lsp.source.model import Range

_HEADING = "bold"
_STYLES = {"error": "bold red", "warning": "bold yellow", "information": "bold cyan", "hint": "dim"}
_WRAP_AT = 110
_LONGEST_LINE = 1000


@dataclass(frozen=True, slots=True)
class Hover:
    """What pops up when the mouse rests on a range."""

    path: Path
    range: Range
    text: str
    """As the server sent it; several lines."""


def diagnostic_text(diagnostic: ShownDiagnostic, folder: Path) -> Text:
    """A diagnostic at its place, and the places that are related to it."""
    place = diagnostic.place
    text = Text.assemble((f"{_line_of(place, folder)}\n", _HEADING))
    label = f"{diagnostic.severity}: {visible(diagnostic.code)}"
    text.append_text(_under(place.path, place.range, label, _STYLES[diagnostic.severity]))
    for line in place.text.splitlines():
        text.append(f"{_wrapped(line)}\n")
    if diagnostic.related:
        text.append("  Related places:\n", _HEADING)
        for related in diagnostic.related:
            text.append(f"    {_line_of(related, folder)}: {visible(related.text)}\n")
    return text


def hovers_text(hovers: Sequence[Hover], folder: Path) -> Text:
    """Each hover under the line that it belongs to."""
    text = Text()
    for hover in hovers:
        where = ShownPlace(hover.path, hover.range, "")
        text.append(f"{_line_of(where, folder)}\n", _HEADING)
        text.append_text(_under(hover.path, hover.range, "the mouse rests here:", "bold cyan"))
        for line in hover.text.splitlines():
            text.append(f"{_wrapped(line) or ''}\n")
        text.append("\n")
    return text


def _under(path: Path, range_: Range, label: str, style: str) -> Text:
    lines = path.read_text(encoding="utf-8").split("\n")
    return excerpt(lines, [Mark(range_, label, style)], len(str(range_.start.line)) + 2)


def _line_of(place: ShownPlace, folder: Path) -> str:
    start = place.range.start
    return f"{shown_path(place.path, folder)}:{start.line}:{start.column + 1}"


def _wrapped(line: str) -> str:
    shown = visible(line, _LONGEST_LINE)
    if len(shown) <= _WRAP_AT or shown.startswith("|"):
        return f"    {shown}".rstrip()
    return textwrap.fill(shown, _WRAP_AT, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
