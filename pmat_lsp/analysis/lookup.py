"""From what a person writes to the SV that it means: an address, the name of a root, or a symbol."""

from __future__ import annotations

import re

from pmat_lsp.errors import PmatError
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.symbols import SLOTS, require_symbol

_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,16}")


def find_sv(heap: Heap, text: str) -> int:
    """The id of the SV that is called `0x55d0c0ffee`, `defstash`, `%INC`, `$Foo::bar` or `&Foo::bar`.

    A number without 0x is decimal where it has only such digits, as in Devel::MAT.

    Raises:
        PmatError: it is none of these, or there is no such SV in the dump.
    """
    for root in heap.roots:
        if root.name == text and root.sv >= 0:
            return root.sv
    if text[:1] in SLOTS and len(text) > 1:
        return require_symbol(heap, text)
    if _HEXADECIMAL.fullmatch(text):
        return _at(heap, int(text, 16))
    if text.isascii() and text.isdecimal() and len(text) <= 20:
        return _at(heap, int(text))
    raise PmatError(
        f"{text!r} names no SV", "An SV is named by its address (0x…), a root (defstash) or a symbol (%main::INC)."
    )


def _at(heap: Heap, address: int) -> int:
    sv = heap.id_at(address)
    if sv < 0:
        raise PmatError(f"{heap.path}: no SV at {address:#x}", "Addresses differ between dumps: take one of this dump.")
    return sv
