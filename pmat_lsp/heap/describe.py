"""SVs in the words of a Perl developer: what kind of thing, of which class, from which file and line."""

from __future__ import annotations

import itertools

import numpy as np

from pmat_lsp.format.kinds import ARRAY_KINDS, HASH_KINDS, CodeFlag, Kind, RefKind, Strength, kind_name, kind_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.privacy import hidden_value, shown_key
from pmat_lsp.heap.values import ScalarValue, elements, hash_entries, scalar_value

_MOST_LOOKED_AT = 50
_SHOWN_KEYS = 4
_SHOWN_TEXT = 40
MAIN_PROGRAM = "main program"
"""What the CODE of the main program is called."""


def code_row(heap: Heap, sv: int) -> int:
    """The row of `heap.codes` of a CODE."""
    # With a number of another type numpy would copy the whole column for each search.
    return int(heap.codes.sv.searchsorted(np.int32(sv)))


def code_place(heap: Heap, sv: int) -> tuple[str, int]:
    """(file as recorded, 1-based line of the first statement or 0) of a CODE."""
    row = code_row(heap, sv)
    return heap.string(int(heap.codes.file[row])) or "", int(heap.codes.line[row])


def code_name(heap: Heap, sv: int) -> str | None:
    """`Net::Client::drop` for a CODE that has a name, None for an anonymous one."""
    row = code_row(heap, sv)
    stash = heap.stash_name(int(heap.codes.stash[row]))
    name = heap.string(int(heap.codes.name[row]))
    if name is None:
        glob = int(heap.codes.glob[row])
        if glob < 0 or heap.kind[glob] != Kind.GLOB:
            return None
        at = int(np.searchsorted(heap.globs.sv, glob))
        name = heap.string(int(heap.globs.name[at]))
        stash = heap.stash_name(int(heap.globs.stash[at])) or stash
    if name is None or name == "__ANON__":
        return None
    return f"{stash}::{name}" if stash else name


def is_clone(heap: Heap, sv: int) -> bool:
    """Whether a CODE is a closure, cloned from a prototype."""
    return bool(heap.flags[sv] & CodeFlag.CLONED)


def is_prototype(heap: Heap, sv: int) -> bool:
    """Whether a CODE is only the prototype that closures are cloned from."""
    return bool(heap.flags[sv] & CodeFlag.CLONE) and not is_clone(heap, sv)


def describe(heap: Heap, sv: int) -> str:
    """`Net::Conn`, `the closure at Net/Client.pm:25`, `the sub Net::Conn::new`, `ARRAY(3)`, `SCALAR`."""
    kind = kind_of(int(heap.kind[sv]))
    package = heap.class_of(sv)
    if package and kind not in (Kind.CODE, Kind.IO):
        return package
    if kind == Kind.CODE:
        return _describe_code(heap, sv)
    if kind in (Kind.STASH, Kind.CLASS):
        return f"the package {heap.stash_name(sv) or '(without a name)'}"
    if kind in HASH_KINDS or kind in ARRAY_KINDS or kind == Kind.OBJECT:
        return f"{kind.name}({int(heap.length[sv])})"
    if kind == Kind.C_STRUCT:
        return "a C structure"
    if kind == Kind.IO:
        return "a file handle"
    if kind == Kind.GLOB:
        name = heap.string(int(heap.globs.name[int(np.searchsorted(heap.globs.sv, sv))]))
        return f"the glob *{name}" if name else "a glob"
    return kind_name(kind)


def _describe_code(heap: Heap, sv: int) -> str:
    if sv == heap.main_code:
        return MAIN_PROGRAM
    file, line = code_place(heap, sv)
    name = code_name(heap, sv)
    if name:
        return f"the sub {name}"
    what = "the prototype" if is_prototype(heap, sv) else "the closure" if is_clone(heap, sv) else "the sub"
    return f"{what} at {file}:{line}" if line else what


def referent(heap: Heap, sv: int) -> tuple[int, bool] | None:
    """(the SV that a REF refers to, whether strongly); None for anything else and for a dangling REF."""
    if heap.kind[sv] != Kind.REF:
        return None
    for row in heap.out_rows(sv):
        if heap.out_kind[row] == RefKind.REFERENT:
            return int(heap.out_target[row]), bool(heap.out_strength[row] & Strength.COUNTED)
    return None


def summarise(heap: Heap, sv: int) -> str:
    """What a variable holds, shortly: `Net::Conn`, `ARRAY(1) of Net::Conn`, `HASH(3) {host port ready}`, `'text'`.

    A REF is summarised as what it refers to, a weak one with `weak` before it.
    """
    held = referent(heap, sv)
    if held is not None and heap.class_of(sv) is None:
        target, strong = held
        if heap.kind[target] == Kind.REF and heap.class_of(target) is None:
            return f"{'' if strong else 'weak '}a reference to a reference"
        text = summarise(heap, target)
        if heap.kind[target] in (Kind.SCALAR, Kind.UNDEF) and heap.class_of(target) is None:
            text = "\\" + text
        return text if strong else f"weak {text}"
    package = heap.class_of(sv)
    if package and heap.kind[sv] != Kind.CODE:
        return package
    if heap.kind[sv] in (Kind.SCALAR, Kind.UNDEF, Kind.YES, Kind.NO):
        value = scalar_value(heap, sv)
        return hidden_value(heap, sv, value) or scalar_text(value)
    if heap.kind[sv] == Kind.ARRAY:
        return _summarise_array(heap, sv)
    if heap.kind[sv] == Kind.HASH:
        return _summarise_hash(heap, sv)
    if heap.kind[sv] == Kind.IMMORTAL:
        return ("undef", "!!1", "!!0")[sv - heap.n]
    return "undef" if heap.kind[sv] == Kind.REF else describe(heap, sv)


def _summarise_array(heap: Heap, sv: int) -> str:
    text = f"ARRAY({int(heap.length[sv])})"
    held = set()
    for element in itertools.islice(elements(heap, sv), _MOST_LOOKED_AT):
        target = referent(heap, element) if element >= 0 else None
        held.add(heap.class_of(target[0]) if target else None)
    package = next(iter(held)) if len(held) == 1 else None
    return f"{text} of {package}" if package else text


def _summarise_hash(heap: Heap, sv: int) -> str:
    count = int(heap.length[sv])
    looked_at = itertools.islice(hash_entries(heap, sv), _MOST_LOOKED_AT)
    keys = sorted(shown_key(heap, sv, entry.key) for entry in looked_at)
    shown = " ".join(_shortened(key) for key in keys[:_SHOWN_KEYS])
    more = " …" if count > _SHOWN_KEYS else ""
    return f"HASH({count}) {{{shown}{more}}}" if count else "HASH(0)"


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_TEXT else text[: _SHOWN_TEXT - 1] + "…"


def scalar_text(value: ScalarValue) -> str:
    """A scalar as Perl source would write it, shortened: `'text'…`, `42`, `undef`."""
    if value.string is not None:
        text = value.text or ""
        cut = len(text) > _SHOWN_TEXT or value.string_length > len(value.string)
        quoted = text[:_SHOWN_TEXT].replace("\\", "\\\\").replace("'", "\\'")
        return f"'{quoted}'" + ("…" if cut else "")
    if value.integer is not None:
        return str(value.integer)
    return "undef" if value.number is None else f"{value.number:.15g}"
