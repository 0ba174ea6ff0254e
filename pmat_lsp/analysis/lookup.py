"""From what a person writes to the SV that it means: an address, the name of a root, a symbol, or a sub's place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pmat_lsp.analysis.closures import CodeSite, code_sites
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.describe import is_prototype
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.symbols import SLOTS, require_symbol

_PLACE = re.compile(r"(.+):([0-9]{1,9})", re.DOTALL)
_NEAREST = 5
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,16}")


def find_sv(heap: Heap, text: str) -> int:
    """The id of the SV that is called `0x55d0c0ffee`, `defstash`, `%INC`, `$Foo::bar`, `&Foo::bar` or `Foo.pm:12`.

    A number without 0x is decimal where it has only such digits, as in Devel::MAT. A file and line name the sub whose
    first statement perl recorded there; of several closures that were cloned from it, the first.

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
    if place := place_in(text):
        return sub_at(heap, *place)
    raise PmatError(
        f"{text!r} names no SV",
        "An SV is named by its address (0x…), a root (defstash), a symbol (%main::INC) or a sub's place (Foo.pm:12).",
    )


def place_in(text: str) -> tuple[str, int] | None:
    """(file, line) where a text is a file and a line; None where it is not."""
    found = _PLACE.fullmatch(text)
    if found is None or text[:1] in SLOTS:
        return None
    return found[1], int(found[2])


def sub_at(heap: Heap, file: str, line: int) -> int:
    """The id of the CODE whose first statement perl recorded at a line of a file.

    Raises:
        PmatError: there is no such file or sub, or there are several.
    """
    sites = sites_in(heap, file)
    if not sites:
        raise PmatError(f"{heap.path}: no sub is from a file {file}", "Give the end of its path: Net/Client.pm:25.")
    here = [site for site in sites if site.location.line == line]
    if len(here) == 1:
        return first_clone(heap, here[0])
    if here:
        raise PmatError(
            f"{file}:{line}: {len(here)} subs are there", f"Name one by its address:\n{_listed(heap, here)}"
        )
    nearest = sorted(sites, key=lambda site: abs(site.location.line - line))[:_NEAREST]
    raise PmatError(
        f"{file}:{line}: no sub has its first statement there", f"The nearest are:\n{_listed(heap, nearest)}"
    )


def sites_in(heap: Heap, file: str) -> list[CodeSite]:
    """The subs from the files whose recorded name is `file` or ends in it, by whole parts of the path."""
    end = "/" + file.removeprefix("./")
    recorded = code_sites(heap)
    return [site for name in recorded if name == file or ("/" + name).endswith(end) for site in recorded[name]]


def first_clone(heap: Heap, site: CodeSite) -> int:
    """The first CODE of a sub that is no prototype of closures, else the first."""
    codes: list[int] = site.codes.tolist()
    return next((code for code in codes if not is_prototype(heap, code)), codes[0])


def _listed(heap: Heap, sites: Sequence[CodeSite]) -> str:
    return "\n".join(
        f"{site.location.file}:{site.location.line} {site.name or 'an anonymous sub'}"
        f" ({heap.address_of(first_clone(heap, site)):#x})"
        for site in sites
    )


def _at(heap: Heap, address: int) -> int:
    sv = heap.id_at(address)
    if sv < 0:
        raise PmatError(f"{heap.path}: no SV at {address:#x}", "Addresses differ between dumps: take one of this dump.")
    return sv
