"""The symbol table: from a name such as `%main::INC` to its SV, and from an SV to the name that leads to it."""

from __future__ import annotations

import numpy as np

from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import STASH_KINDS, Kind, RefKind
from pmat_lsp.heap.describe import code_row
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.once import OnceAHeap
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import read_string, read_strings

SLOTS = {"$": RefKind.GLOB_SCALAR, "@": RefKind.GLOB_ARRAY, "%": RefKind.GLOB_HASH, "&": RefKind.GLOB_CODE}
"""Sigil → the slot of a glob that it names."""
_SIGILS = {slot: sigil for sigil, slot in SLOTS.items()}


def glob_name(heap: Heap, glob: int) -> str:
    """`Net::Client::new`, from the glob itself, whether or not the symbol table still has it; `main::^H`."""
    row = _glob_row(heap, glob)
    name = heap.string(int(heap.globs.name[row])) or ""
    if name[:1] and name[0] < " ":
        name = f"^{chr(64 + ord(name[0]))}{name[1:]}"
    return f"{heap.stash_name(int(heap.globs.stash[row])) or ''}::{name}"


def symbol_names(heap: Heap, sv: int) -> list[str]:
    """The names of an SV that globs, or its own record, have for it: `@Net::Client::POOL`. The best one is first."""
    names = [] if heap.kind[sv] != Kind.CODE else _names_of_code(heap, sv)
    for row in heap.in_rows(sv).tolist():
        if heap.out_kind[row] in _SIGILS:
            sigil = _SIGILS[RefKind(int(heap.out_kind[row]))]
            names.append(sigil + glob_name(heap, int(heap.out_source[row])))
    return [name if name[0] == "&" else _without_main(name) for name in dict.fromkeys(names)]


def symbol_of(heap: Heap, sv: int) -> str | None:
    """The first name by which the symbol table leads to an SV, None where it does not."""
    for name in symbol_names(heap, sv):
        if not (name[0] == "&" and name.endswith("::__ANON__")) and find_symbol(heap, name) == sv:
            return name
    return None


def in_symbol_table(heap: Heap, glob: int) -> bool:
    """Whether the name of a GLOB still leads to it."""
    row = _glob_row(heap, glob)
    name = heap.string(int(heap.globs.name[row]))
    stash = int(heap.globs.stash[row])
    if name is None or heap.stash_name(stash) is None or find_stash(heap, heap.stash_name(stash) or "") != stash:
        return False
    return any(
        heap.out_kind[row] == RefKind.VALUE
        and int(heap.out_source[row]) == stash
        and decode_name(read_string(heap, int(heap.out_detail[row]))) == name
        for row in heap.in_rows(glob).tolist()
    )


def find_symbol(heap: Heap, symbol: str) -> int:
    """The SV that `$Foo::bar`, `@x`, `%INC`, `&Foo::bar` or, for the glob itself, `*STDIN` names; -1: there is none."""
    package, _, name = symbol[1:].rstrip(":").rpartition("::")
    name += symbol[1:][len(symbol[1:].rstrip(":")) :]
    entry = _entry(heap, find_stash(heap, package), name)
    if entry < 0:
        return -1
    if symbol[0] == "*":
        return entry if heap.kind[entry] == Kind.GLOB else -1
    wanted = SLOTS[symbol[0]]
    if heap.kind[entry] == Kind.REF and wanted == RefKind.GLOB_CODE:
        # From 5.22 on perl may put a reference to a sub straight into its package.
        wanted = RefKind.REFERENT
    elif heap.kind[entry] != Kind.GLOB:
        return -1
    return _target(heap, entry, wanted)


def find_stash(heap: Heap, package: str) -> int:
    """The STASH of a package, -1 where the symbol table has none; "" and `main` are the default one."""
    stash = next((root.sv for root in heap.roots if root.name == "defstash"), -1)
    parts = package.split("::") if package else []
    for part in parts[1:] if parts[:1] == ["main"] else parts:
        glob = _entry(heap, stash, part + "::")
        stash = _target(heap, glob, RefKind.GLOB_HASH) if glob >= 0 and heap.kind[glob] == Kind.GLOB else -1
        if stash < 0:
            return -1
    return stash


def require_symbol(heap: Heap, symbol: str) -> int:
    """As `find_symbol`.

    Raises:
        PmatError: there is none.
    """
    found = find_symbol(heap, symbol)
    if found < 0:
        raise PmatError(f"{heap.path}: no symbol {symbol}", "Write it with its package: $Net::Client::pool.")
    return found


def _names_of_code(heap: Heap, sv: int) -> list[str]:
    row = code_row(heap, sv)
    own, glob = heap.string(int(heap.codes.name[row])), int(heap.codes.glob[row])
    if own is not None:
        package = heap.stash_name(int(heap.codes.stash[row])) or ""
        return [f"&{package.removeprefix('main::')}::{own}"]
    return [f"&{glob_name(heap, glob)}"] if 0 <= glob < heap.n and heap.kind[glob] == Kind.GLOB else []


def _without_main(name: str) -> str:
    """Without `main::` before another package."""
    bare = name[1:].removeprefix("main::")
    return name[0] + bare if "::" in bare[1:] else name


def _entry(heap: Heap, stash: int, name: str) -> int:
    """The SV under a name in a package, -1 where there is none."""
    if stash < 0 or heap.kind[stash] not in STASH_KINDS:
        return -1
    known = _read_stashes(heap)
    if stash not in known:
        rows = np.array(heap.out_rows(stash), np.int64)
        rows = rows[heap.out_kind[rows] == RefKind.VALUE]
        names = {index: decode_name(key) for index, key in read_strings(heap, heap.out_detail[rows])}
        # The first of those with the same name.
        known[stash] = {names[index]: int(heap.out_target[rows[index]]) for index in range(len(rows) - 1, -1, -1)}
    return known[stash].get(name, -1)


@OnceAHeap
def _read_stashes(_: Heap) -> dict[int, dict[str, int]]:
    """What the packages have that were looked into so far: name → SV. A package can have many thousands."""
    return {}


def _target(heap: Heap, sv: int, kind: RefKind) -> int:
    return next((int(heap.out_target[row]) for row in heap.out_rows(sv) if heap.out_kind[row] == kind), -1)


def _glob_row(heap: Heap, glob: int) -> int:
    return int(heap.globs.sv.searchsorted(glob))
