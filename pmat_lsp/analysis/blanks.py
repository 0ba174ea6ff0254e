"""Names without what differs from one run of a program to the next, so that two runs have the same names."""

from __future__ import annotations

import re

from pmat_lsp.heap.model import Heap

BLANK = "…"
_RUN_DEPENDENT = re.compile(
    r"""
    (?<=\(0x) [0-9a-f]+ (?=\))                             # CODE(0x55d0c8a0b2c8), Foo=HASH(0x…)
    | (?<=\(eval\ ) \d+ | (?<=\(re_eval\ ) \d+             # files of string evals
    | (?<=Symbol::GEN) \d+ | (?<=::_GEN_) \d+              # handles without a name
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+")
_MAYBE_ADDRESS = re.compile(r"\b(0x)?([0-9a-f]{6,16}|[0-9]{7,20})\b", re.IGNORECASE)


def blanked(name: str) -> str:
    """`{CODE(0x…)} of Hub`, `%seen of (eval …)`: a name without addresses and the numbers that perl counts up."""
    return _RUN_DEPENDENT.sub(BLANK, name)


def numberless(key: str) -> str:
    """`slot #`, `HASH(#)`: a key with one sign for every number, as keys that a program makes up differ in these."""
    return _NUMBER.sub("#", key)


def blanked_key(heap: Heap, key: str) -> str:
    """A hash key likewise, and without other numbers that look like addresses of this heap.

    A key that is but a number (an id, a file number, what `refaddr` returned) is blanked as a whole.
    """
    if key.isdecimal():
        return BLANK
    return _MAYBE_ADDRESS.sub(lambda match: BLANK if _is_address(heap, match) else match[0], blanked(key))


def _is_address(heap: Heap, match: re.Match[str]) -> bool:
    """Whether it lies among the SVs of the heap; the SV itself may be freed, and its address a key for ever."""
    if not heap.n:
        return False
    readings = [int(match[2], 16), *([int(match[2])] if match[2].isdecimal() and not match[1] else [])]
    return any(int(heap.address[0]) <= value <= int(heap.address[heap.n - 1]) for value in readings)
