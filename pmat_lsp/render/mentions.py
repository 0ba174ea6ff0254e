"""The addresses and the places in sources that a text names: what links can be made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DELIMITERS = r"""\s=:,;'"`()\[\]{}<>|"""
# A name is looked at from its beginning alone: a key or a token of any length takes time in proportion to it.
_MENTION = re.compile(
    rf"\b0x(?P<address>[0-9a-fA-F]{{1,16}})\b"
    rf"|(?<![^{_DELIMITERS}])(?P<file>[^{_DELIMITERS}]+)(?: line |:)(?P<line>\d{{1,9}})\b"
)
_IN_PATHS = frozenset("./")


@dataclass(frozen=True, slots=True)
class Mention:
    """An address, or a line of a file: `0x55f864446cf8`, `lib/Net/Client.pm:25`, `lib/Net/Client.pm line 25`."""

    start: int
    """Index into the text."""
    end: int
    address: int | None
    """None for a line of a file."""
    file: str
    line: int
    """1-based."""


def mentions(text: str) -> Iterator[Mention]:
    """Those of a text, in its order."""
    for found in _MENTION.finditer(text):
        if found["file"] and _IN_PATHS.isdisjoint(found["file"]):
            continue
        address = int(found["address"], 16) if found["address"] else None
        yield Mention(*found.span(), address, found["file"] or "", int(found["line"] or 0))
