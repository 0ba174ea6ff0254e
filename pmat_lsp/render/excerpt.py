"""Lines of a source text with marks under them, as a compiler shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.text import Text

from pmat_lsp.render.escape import visible
from pmat_lsp.source.model import Range

GUTTER = "bold blue"
_TAB = "    "
_LONGEST_LINE = 140
"""Code points of a source line that are shown; of a longer one those around the mark."""
_LED_IN = 60
"""Code points shown before a mark in a line that is too long."""
_LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class Mark:
    """What is underlined, and what is said about it."""

    range: Range
    text: str
    style: str
    """A rich style."""


def excerpt(lines: Sequence[str], marks: Sequence[Mark], width: int) -> Text:
    """The lines that have marks, in their order; `lines[0]` is line 1 of the source.

    `width` is that of the column of line numbers. Lines that the text does not have are left out.
    """
    shown = Text()
    last = 0
    ordered = sorted((mark for mark in marks if 0 < mark.range.start.line <= len(lines)), key=lambda mark: mark.range)
    for line, here in groupby(ordered, key=lambda mark: mark.range.start.line):
        if last and line - last == 2:
            shown.append_text(_source_line(lines[last], last + 1, width, ())[0])
        elif last and line - last > 2:
            shown.append(f"{' ' * width} :\n", GUTTER)
        marked = tuple(here)
        code, underlines = _source_line(lines[line - 1], line, width, marked)
        shown.append_text(code)
        for mark, (before, under) in zip(marked, underlines, strict=True):
            shown.append_text(rail(width)).append(" " * before)
            shown.append(f"{'^' * under} {visible(mark.text, _LONGEST_TEXT)}\n", mark.style)
        last = line
    return shown


def rail(width: int) -> Text:
    """The left edge of an excerpt, where there is no line number."""
    return Text.assemble((f"{' ' * width} | ", GUTTER))


def number_width(marks: Sequence[Mark]) -> int:
    """Columns that the line numbers of these marks need."""
    return max((len(str(mark.range.start.line)) for mark in marks), default=1)


def _source_line(line: str, number: int, width: int, marks: Sequence[Mark]) -> tuple[Text, list[tuple[int, int]]]:
    """The line with its number, and for each mark the (columns before it, columns under it) on a terminal."""
    first = min((mark.range.start.column for mark in marks), default=0)
    begin = max(0, first - _LED_IN) if len(line) > _LONGEST_LINE else 0
    end = begin + _LONGEST_LINE
    lead, tail = "…" if begin else "", "…" if len(line) > end else ""
    code = lead + _displayed(line[begin:end].rstrip()) + tail
    underlines = []
    for mark in marks:
        stop = mark.range.end.column if mark.range.end.line == number else len(line)
        start = max(mark.range.start.column, begin)
        before = cell_len(lead + _displayed(line[begin:start]))
        underlines.append((before, max(1, cell_len(_displayed(line[start : min(stop, end)])))))
    return Text.assemble((f"{number:>{width}} | ", GUTTER), f"{code}\n"), underlines


def _displayed(code: str) -> str:
    return "".join(_TAB if character == "\t" else visible(character) for character in code)
