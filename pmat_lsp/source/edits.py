"""Changes of a source text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.perl import PerlSource


@dataclass(frozen=True, slots=True)
class Edit:
    """One change; where `range` is empty, an insertion."""

    range: Range
    text: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all edits made; they must not overlap. Of insertions at one place the first given comes first."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    parts, done = [], 0
    for edit in sorted(edits, key=lambda edit: edit.range):
        start, end = (starts[point.line - 1] + point.column for point in edit.range)
        parts += [text[done:start], edit.text]
        done = end
    return "".join([*parts, text[done:]])


def line_before(edits: Iterable[Edit], line: int) -> int:
    """The 1-based line of the text before `edits` from which a line of the text after them comes.

    For a line that was inserted, the one that it was inserted behind or into.
    """
    moved = 0
    for edit in sorted(edits, key=lambda edit: edit.range):
        first = edit.range.start.line + moved
        last = first + edit.text.count("\n")
        if line < first:
            break
        if line < last:
            return edit.range.start.line
        moved += last - first - (edit.range.end.line - edit.range.start.line)
    return line - moved


def insert_behind(source: PerlSource, end: Point, statement: str) -> Edit:
    """Insert a statement behind the one that ends at `end`, its semicolon or opening brace included.

    On a line of its own, indented as the line of `end` is, where nothing but a comment follows; else on the same line.
    """
    line = source.line(end.line)
    rest = line[end.column :].strip()
    if rest and not rest.startswith("#"):
        return Edit(Range(end, end), f" {statement}")
    at = Point(end.line, len(line.removesuffix("\r")))
    return Edit(Range(at, at), f"{_line_end(line)}{indentation(line)}{statement}")


def insert_before(source: PerlSource, start: Point, statement: str) -> Edit:
    """Insert a statement before the one that starts at `start`, on a line of its own where that starts a line."""
    line = source.line(start.line)
    head = line[: start.column]
    behind = f"{_line_end(line)}{head}" if not head.strip() else " "
    return Edit(Range(start, start), f"{statement}{behind}")


def indentation(line: str) -> str:
    """The blanks at the beginning of a line."""
    return line[: len(line) - len(line.lstrip())]


def _line_end(line: str) -> str:
    return "\r\n" if line.endswith("\r") else "\n"
