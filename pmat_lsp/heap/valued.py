"""SVs with what they hold, as Devel::MAT writes them: `SCALAR(PV) at 0x… = "text"`, `REF() at 0x… => HASH(0) …`."""

from __future__ import annotations

from pmat_lsp.format.kinds import BOOL_KINDS, STASH_KINDS, Kind
from pmat_lsp.heap.describe import referent
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described, key_text, quoted
from pmat_lsp.heap.privacy import hidden_value
from pmat_lsp.heap.symbols import glob_name
from pmat_lsp.heap.values import ScalarValue, elements, hash_entries, scalar_value

SHOWN_CHARACTERS = 64
"""Of a string, where not all of it is wanted."""
_LONGEST_CHAIN = 20


def described_with_value(heap: Heap, sv: int) -> str:
    """An SV, its address, and shortly what it holds; references are followed."""
    text, seen = described(heap, sv), [sv]
    while (held := referent(heap, sv)) is not None and len(seen) < _LONGEST_CHAIN:
        sv = held[0]
        text += f" => {described(heap, sv)}"
        if sv in seen:
            return text
        seen.append(sv)
    return text + _value(heap, sv)


def _value(heap: Heap, sv: int) -> str:
    kind = heap.kind[sv]
    if kind == Kind.SCALAR:
        value = scalar_value(heap, sv)
        return f" = {hidden}" if (hidden := hidden_value(heap, sv, value)) else _scalar(value)
    if kind == Kind.IMMORTAL:
        return ("", ' = 1 / "1"', ' = 0 / "0"')[sv - heap.n]
    if kind in BOOL_KINDS:
        return f" = {bool_text(heap, sv)}"
    if kind == Kind.GLOB:
        return f" is *{glob_name(heap, sv)}"
    if kind in STASH_KINDS:
        return f" is {heap.stash_name(sv) or ''}"
    if kind in (Kind.ARRAY, Kind.HASH) and heap.blessed[sv] < 0:
        return _first_element(heap, sv) if kind == Kind.ARRAY else _first_entry(heap, sv)
    return ""


def _scalar(value: ScalarValue) -> str:
    number = number_text(value.number) if value.number is not None else value.integer
    texts = [] if number is None else [str(number)]
    if value.string is not None:
        texts.append(string_text(value))
    return f" = {' / '.join(texts)}" if texts else ""


def number_text(number: float) -> str:
    """An NV as Perl prints it: 15 digits, `Inf`, `NaN`."""
    return {"inf": "Inf", "-inf": "-Inf", "nan": "NaN"}.get(text := f"{number:.15g}", text)


def string_text(value: ScalarValue, longest: int | None = SHOWN_CHARACTERS) -> str:
    """A PV in double quotes; `...` behind it where more than `longest` characters are in the dump."""
    text = value.text if value.utf8 else value.string
    if text is None:
        return '""'
    cut = longest is not None and len(text) > longest
    return quoted(text[:longest]) + ("..." if cut else "")


def bool_text(heap: Heap, sv: int) -> str:
    """`true` or `false`, of a BOOL."""
    return "true" if heap.kind[sv] == Kind.YES else "false"


def _first_element(heap: Heap, sv: int) -> str:
    if not heap.length[sv]:
        return " = []"
    first = next(elements(heap, sv))
    return f" = [{described(heap, first) if first >= 0 else 'NULL'}{', ...' if heap.length[sv] > 1 else ''}]"


def _first_entry(heap: Heap, sv: int) -> str:
    if not heap.length[sv]:
        return " = {}"
    first = next(hash_entries(heap, sv))
    value = described(heap, first.value) if first.value >= 0 else "NULL"
    return f" = {{{key_text(heap, sv, first.key)} => {value}{', ...' if heap.length[sv] > 1 else ''}}}"
