"""Parsing Perl in limited time: tree-sitter-perl 2.0.3 takes quadratic time on some texts, as on a very long line.

Its scanner asks for the column before it looks for `=` of a POD block, and tree-sitter counts the column from the start
of the line: for each token once more.
"""

from __future__ import annotations

import time
import warnings
from typing import NamedTuple

import numpy as np
import tree_sitter_perl
from tree_sitter import Language, Parser, Point, Tree

LONGEST_PARSE = 2.0
"""Seconds; ordinary Perl is parsed at 4 to 6 MB a second."""
_AT_ONCE = 1 << 12
"""Bytes that take 0.1 s at the worst. They are parsed without a look at the time, which is twice as fast."""
_SLICE = 256
"""Bytes that the parser is given at a time. It asks anew for each token, so more of them would be copied in vain."""

with warnings.catch_warnings():
    # tree-sitter-perl 2.0.3 still hands its grammar over as a number.
    warnings.simplefilter("ignore", DeprecationWarning)
    _LANGUAGE = Language(tree_sitter_perl.language())


def parse_at_once(data: bytes) -> Tree:
    """The syntax tree of a short text in UTF-8."""
    return Parser(_LANGUAGE).parse(data)


class Parsed(NamedTuple):
    """A text in UTF-8 with its syntax tree."""

    data: bytes
    tree: Tree


def parse(data: bytes, seconds: float = LONGEST_PARSE, before: Parsed | None = None) -> Tree | None:
    """The syntax tree of a text in UTF-8, None if it takes longer than that. Other threads run meanwhile.

    Of a text that has changed since `before` only what the change concerns is parsed again. Where there are errors in
    it all of it is: how the parser gets over them depends on what it has parsed before.
    """
    if len(data) <= _AT_ONCE:
        return parse_at_once(data)
    if before is not None:
        tree = _parse(data, seconds, _edited(before, data))
        if tree is not None and not tree.root_node.has_error:
            return tree
    return _parse(data, seconds, None)


def _parse(data: bytes, seconds: float, before: Tree | None) -> Tree | None:
    end = time.monotonic() + seconds

    def read(offset: int, _point: Point) -> bytes:
        return data[offset : offset + _SLICE]

    def is_late(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > end

    try:
        parser = Parser(_LANGUAGE)
        # Its types allow None as the tree from before; the parser does not.
        if before is None:
            return parser.parse(read, progress_callback=is_late)
        return parser.parse(read, before, progress_callback=is_late)
    except ValueError:
        # This is how the parser reports that it was stopped.
        return None


def _edited(before: Parsed, data: bytes) -> Tree:
    """A copy of a tree in which the places behind a change are those of the new text."""
    old, shorter = before.data, min(len(before.data), len(data))
    start = _common(old[:shorter], data[:shorter])
    same = min(_common(old[::-1][:shorter], data[::-1][:shorter]), shorter - start)
    tree = before.tree.copy()
    tree.edit(
        start_byte=start,
        old_end_byte=len(old) - same,
        new_end_byte=len(data) - same,
        start_point=_point(data, start),
        old_end_point=_point(old, len(old) - same),
        new_end_point=_point(data, len(data) - same),
    )
    return tree


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two texts of one length have in common from their start."""
    differ = np.frombuffer(one, np.uint8) != np.frombuffer(other, np.uint8)
    return int(differ.argmax()) if differ.any() else len(one)


def _point(data: bytes, offset: int) -> Point:
    # Without its type mypy takes the result for Any where tree-sitter has no Point of its own kind, as on Python 3.10.
    point: Point = Point(data.count(b"\n", 0, offset), offset - (data.rfind(b"\n", 0, offset) + 1))
    return point
