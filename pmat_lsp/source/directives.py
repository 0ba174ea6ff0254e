"""`#line` directives: the file and line that perl records, against the line on disk."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

# perlsyn, "Plain Old Comments (Not!)": the file name ends at the first blank or is quoted.
_DIRECTIVE = re.compile(
    r"""\#[ \t]*line[ \t]+(?P<line>[0-9]+)(?:[ \t]+(?:"(?P<quoted>[^"]+)"|(?P<bare>[^"\s]+)))?[ \t]*$"""
)
_LONGEST_NUMBER = 10


class _Span(NamedTuple):
    first: int
    """1-based line on disk from which the directive counts: the one behind it."""
    recorded: int
    file: str | None


class LineDirectives:
    """What the `#line` directives of a text claim; without any, each line is itself."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._spans = _find_spans(lines)
        self._starts = [span.first for span in self._spans]
        self._count = len(lines)

    def recorded_line(self, disk_line: int) -> tuple[str | None, int]:
        """The file (None: the file itself) and line that perl records for the 1-based `disk_line`."""
        span = self._spans[max(bisect_right(self._starts, disk_line) - 1, 0)]
        return span.file, span.recorded + disk_line - span.first

    def disk_lines(self, file: str | None, recorded: int) -> tuple[int, ...]:
        """Every 1-based line on disk that is recorded as line `recorded` of `file` (None: the file itself)."""
        found: list[int] = []
        for index, span in enumerate(self._spans):
            disk = span.first + recorded - span.recorded
            end = self._starts[index + 1] - 1 if index + 1 < len(self._spans) else self._count + 1
            if span.file == file and span.first <= disk < end:
                found.append(disk)
        return tuple(found)


def _find_spans(lines: Sequence[str]) -> list[_Span]:
    spans = [_Span(1, 1, None)]
    for index, line in enumerate(lines):
        if not line.startswith("#"):
            continue
        match = _DIRECTIVE.match(line.rstrip("\r"))
        if match and len(match["line"]) <= _LONGEST_NUMBER:
            spans.append(_Span(index + 2, int(match["line"]), match["quoted"] or match["bare"] or spans[-1].file))
    return spans
