"""What is shown in place of a value or key that is not to be seen.

A dump holds whatever the program held: passwords, tokens, customers' data. `Heap.shown` says what of it may be shown;
everything that turns a value or a key into text asks here first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import STASH_KINDS, Kind, RefKind
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.likely_secrets import is_likely_secret, names_a_secret
from pmat_lsp.heap.model import Heap, Shown
from pmat_lsp.heap.once import OnceAHeap
from pmat_lsp.heap.pads import padname_ids
from pmat_lsp.heap.pieces import different_strings
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import ScalarValue, read_string, scalar_value
from pmat_lsp.units import format_count

Mask = npt.NDArray[np.bool_]
_SHORTEST_SECRET = 4
"""Bytes; what is shorter is a flag or a digit."""
_MOST_HOLDERS, _HIGHEST = 8, 3
"""How many references to an SV are looked at, and through how many arrays and references to names above it."""
_MEMBER = re.compile(rb"[A-Za-z_][A-Za-z0-9_:.-]{0,63}")
_PASSED = (RefKind.ELEMENT, RefKind.REFERENT)
# A member of an enumeration takes long to get; this is asked of every key and string in SQL.
_EVERYTHING, _NO_VALUES = Shown.EVERYTHING, Shown.NO_VALUES
_SCALAR, _STASHES = int(Kind.SCALAR), frozenset(map(int, STASH_KINDS))


def hidden_value(heap: Heap, sv: int, value: ScalarValue, held: Mask | None = None) -> str | None:
    """What stands for the value of an SV, such as `<string, 12 bytes>`; None where the value may be shown.

    `held` is what `held_as_secrets` gives, for a caller that asks for many.
    """
    if heap.shown is _EVERYTHING or not value.defined or heap.kind[sv] != _SCALAR:
        return None
    if heap.shown is _NO_VALUES:
        if value.string is not None:
            return _stand_in("string", value.string_length)
        return "<integer>" if value.integer is not None else "<number>"
    text = value.string
    if text is None or len(text) < _SHORTEST_SECRET:
        return None
    is_held = _is_held_as_secret(heap, sv) if held is None else held[sv]
    return _stand_in("likely secret", value.string_length) if is_held or is_likely_secret(text) else None


def hidden_key(heap: Heap, holder: int, key: bytes) -> str | None:
    """What stands for a key of a hash, such as `<key, 9 bytes>`; None where the key may be shown.

    A key is data unless it is a symbol, a constant in the program's code, or an identifier in an object.
    """
    if heap.shown is _EVERYTHING or int(heap.kind[holder]) in _STASHES:
        return None
    if heap.shown is not _NO_VALUES:
        return _stand_in("likely secret", len(key)) if is_likely_secret(key) else None
    is_member = heap.blessed[holder] >= 0 and _MEMBER.fullmatch(key)
    return None if is_member or key in _constants(heap) else _stand_in("key", len(key))


def shown_key(heap: Heap, holder: int, key: bytes) -> str:
    """A key of a hash as text, or what stands for it."""
    return hidden_key(heap, holder, key) or decode_name(key)


def _stand_in(what: str, length: int) -> str:
    return f"<{what}, {format_count(length, 'byte')}>"


def _is_held_as_secret(heap: Heap, sv: int) -> bool:
    """Whether a key or variable that names a secret holds an SV, directly or through arrays and references."""
    level = [sv]
    for _ in range(_HIGHEST):
        above: list[int] = []
        for held in level:
            for row in heap.in_rows(held)[:_MOST_HOLDERS].tolist():
                if _names_secret_along(heap, row):
                    return True
                if heap.out_kind[row] in _PASSED:
                    above += heap.sources(np.array([row])).tolist()
        level = above[:_MOST_HOLDERS]
    return False


def held_as_secrets(heap: Heap) -> Mask:
    """bool[n + 3]: which SVs a key or variable that names a secret holds, directly or through arrays and references."""
    held, found = np.zeros(heap.n + 3, np.bool_), _rows_that_name_secrets(heap)
    for _ in range(_HIGHEST):
        held[heap.out_target[found]] = True
        found = np.flatnonzero(np.isin(heap.out_kind, _PASSED) & held[heap.out_source])
    return held


def _rows_that_name_secrets(heap: Heap) -> npt.NDArray[np.intp]:
    """The rows of the out_ columns that `_name_along` gives the name of a secret."""
    values = np.flatnonzero(heap.out_kind == RefKind.VALUE)
    keys, key = different_strings(heap, heap.out_detail[values])
    lexicals = np.flatnonzero(heap.out_kind == RefKind.PAD_LEXICAL)
    globs = np.flatnonzero(heap.out_kind == RefKind.GLOB_SCALAR)
    named = (
        (lexicals, padname_ids(heap, lexicals)),
        (globs, heap.globs.name[heap.globs.sv.searchsorted(heap.out_source[globs])]),
    )
    fields = np.flatnonzero(heap.out_kind == RefKind.FIELD)
    found = [
        values[np.array([names_a_secret(decode_name(one)) for one in keys], np.bool_)[key]],
        fields[[_names_secret_along(heap, row) for row in fields.tolist()]],
    ]
    for rows, name in named:
        secret = [one for one in distinct(name).tolist() if names_a_secret(heap.string(one) or "")]
        found.append(rows[np.isin(name, secret)])
    return np.concatenate(found)


def _names_secret_along(heap: Heap, row: int) -> bool:
    return names_a_secret(_name_along(heap, row) or "")


def _name_along(heap: Heap, row: int) -> str | None:
    """The key, variable or field that a reference is."""
    kind, detail = int(heap.out_kind[row]), int(heap.out_detail[row])
    if kind == RefKind.VALUE:
        return decode_name(read_string(heap, detail))
    (source,) = heap.sources(np.array([row])).tolist()
    if kind == RefKind.PAD_LEXICAL:
        return heap.padname(int(heap.owner[source]), detail)
    if kind == RefKind.FIELD:
        return heap.class_fields.get(int(heap.blessed[source]), {}).get(detail)
    if kind != RefKind.GLOB_SCALAR:
        return None
    return heap.string(int(heap.globs.name[heap.globs.sv.searchsorted(np.int32(source))]))


@OnceAHeap
def _constants(heap: Heap) -> frozenset[bytes]:
    """The strings in the code of all subs: what is among them was written by a programmer."""
    return frozenset(_strings_of(heap))


def _strings_of(heap: Heap) -> Iterator[bytes]:
    constants = np.unique(heap.out_target[heap.out_kind == RefKind.CODE_CONSTANT])
    for sv in constants[heap.kind[constants] == Kind.SCALAR].tolist():
        if (text := scalar_value(heap, sv).string) is not None:
            yield text
