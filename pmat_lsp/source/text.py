"""A source text with the two ways to count in it: tree-sitter's UTF-8 bytes and our code points."""

from __future__ import annotations

from tree_sitter import Node

from pmat_lsp.source.model import Point, Range


class SourceText:
    """A text, split at the line feeds that perl counts; a carriage return belongs to its line."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8", "replace")
        """The text in UTF-8; a lone surrogate became one `?`, so that code points still agree."""
        self.lines = text.split("\n")
        """The lines without their line feeds; index 0 is line 1."""
        self._ascii = text.isascii()

    def point(self, row: int, byte: int) -> Point:
        """The Point at tree-sitter's 0-based `row` and the offset `byte` into that row; behind the text: its end."""
        if row >= len(self.lines):
            return Point(len(self.lines), len(self.lines[-1]))
        if self._ascii:
            return Point(row + 1, byte)
        line = self.lines[row] if row < len(self.lines) else ""
        if line.isascii():
            return Point(row + 1, byte)
        head = line.encode("utf-8", "replace")[:byte]
        return Point(row + 1, len(head.decode("utf-8", "replace")))

    def range(self, node: Node) -> Range:
        """Where `node` stands."""
        start, end = node.start_point, node.end_point
        return Range(self.point(start[0], start[1]), self.point(end[0], end[1]))

    def string(self, node: Node) -> str:
        """The text of `node`."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def offset(self, point: Point) -> int:
        """The byte offset of `point`; one outside the text is moved to the nearest place in it."""
        index = min(max(point.line - 1, 0), len(self.lines) - 1)
        before = sum(map(len, self.lines[:index])) + index if self._ascii else self._bytes_before(index)
        return before + len(self.lines[index][: max(point.column, 0)].encode("utf-8", "replace"))

    def whole_line(self, line: int) -> Range | None:
        """The 1-based `line` from its first character that is no blank to its last, None if there is no such line."""
        if not 1 <= line <= len(self.lines):
            return None
        content = self.lines[line - 1]
        end = len(content.rstrip())
        start = min(len(content) - len(content.lstrip()), end)
        return Range(Point(line, start), Point(line, end))

    def _bytes_before(self, index: int) -> int:
        return sum(len(line.encode("utf-8", "replace")) + 1 for line in self.lines[:index])
