"""Parsing Perl in limited time: tree-sitter-perl 2.0.3 takes quadratic time on some texts, as on a very long line."""

from __future__ import annotations

import time
import warnings

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


def parse(data: bytes, seconds: float = LONGEST_PARSE) -> Tree | None:
    """The syntax tree of a text in UTF-8, None if it takes longer than that. Other threads run meanwhile."""
    if len(data) <= _AT_ONCE:
        return parse_at_once(data)
    end = time.monotonic() + seconds

    def read(offset: int, _point: Point) -> bytes:
        return data[offset : offset + _SLICE]

    def is_late(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > end

    try:
        return Parser(_LANGUAGE).parse(read, progress_callback=is_late)
    except ValueError:
        # This is how the parser reports that it was stopped.
        return None
