"""Our points (1-based lines, code points) and those of the protocol (0-based lines, units of the client's encoding)."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from pmat_lsp.source.model import Point, Range

_BYTES_A_UNIT = {
    types.PositionEncodingKind.Utf8: ("utf-8", 1),
    types.PositionEncodingKind.Utf16: ("utf-16-le", 2),
    types.PositionEncodingKind.Utf32: ("utf-32-le", 4),
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """The unit in which a client counts columns."""

    codec: str
    unit: int
    """Bytes."""

    @classmethod
    def of(cls, kind: types.PositionEncodingKind | str | None) -> Encoding:
        """The encoding that was agreed on; None and unknown ones mean UTF-16, as the protocol says."""
        known = next((value for value in types.PositionEncodingKind if value == kind), types.PositionEncodingKind.Utf16)
        return cls(*_BYTES_A_UNIT[known])

    def units(self, text: str) -> int:
        """How many units `text` has."""
        if text.isascii():
            return len(text)
        return len(text.encode(self.codec, "surrogatepass")) // self.unit

    def column(self, line: str, units: int) -> int:
        """The index into `line` of the character that holds the unit; its length where the line is shorter."""
        if line.isascii():
            return min(units, len(line))
        start = line.encode(self.codec, "surrogatepass")[: units * self.unit]
        return len(start.decode(self.codec, "ignore"))


class Lines:
    """The lines of one text, for a client that counts in `encoding`."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        self._lines = text.split("\n")
        self._encoding = encoding

    def point(self, position: types.Position) -> Point:
        """Where a position of the client is; one outside the text is moved to the nearest place in it."""
        row = min(position.line, len(self._lines) - 1)
        if row < position.line:
            return Point(row + 1, len(self._lines[row]))
        return Point(row + 1, self._encoding.column(self._lines[row], position.character))

    def range(self, range_: Range) -> types.Range:
        """A range as the client counts it."""
        return types.Range(self._position(range_.start), self._position(range_.end))

    def _position(self, point: Point) -> types.Position:
        row = min(max(point.line - 1, 0), len(self._lines) - 1)
        return types.Position(row, self._encoding.units(self._lines[row][: max(point.column, 0)]))
