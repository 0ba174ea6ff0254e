"""Positions in a source text.

Lines are 1-based, as perl counts them. Columns are 0-based indexes into the line as a Python `str` (code points);
`pmat_lsp.server` alone turns them into the client's encoding.
"""

from __future__ import annotations

from typing import NamedTuple


class Point(NamedTuple):
    """A place between two characters."""

    line: int
    """1-based line of the file on disk (never the line that a `#line` directive claims)."""
    column: int
    """0-based, in code points."""


class Range(NamedTuple):
    """From `start` up to but not including `end`."""

    start: Point
    end: Point

    def __contains__(self, point: object) -> bool:
        """Whether a Point lies inside, the end included (a cursor may stand behind the last character)."""
        return isinstance(point, Point) and self.start <= point <= self.end
