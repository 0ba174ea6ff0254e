"""SVs and their references in the words of Devel::MAT: `HASH(3)=Net::Conn at 0x…`, `value {"key"}`, `the referrant`.

`heap.describe` has our own words, for reports; these are for the commands that people know from the reference tool.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import HASH_KINDS, CodeFlag, Kind, RefKind, ScalarFlag, Strength, kind_of
from pmat_lsp.heap.bodies import body_of
from pmat_lsp.heap.describe import code_row
from pmat_lsp.heap.model import Heap, StructType
from pmat_lsp.heap.privacy import hidden_key
from pmat_lsp.heap.values import read_string

_GLOB_SLOTS = (
    (RefKind.GLOB_SCALAR, "$"),
    (RefKind.GLOB_ARRAY, "@"),
    (RefKind.GLOB_HASH, "%"),
    (RefKind.GLOB_CODE, "&"),
    (RefKind.GLOB_EGV, "*"),
    (RefKind.GLOB_IO, "I"),
    (RefKind.GLOB_FORM, "F"),
)
_SCALAR_FIELDS = ((ScalarFlag.NV, "NV"), (ScalarFlag.PV, "PV"))
_COUNTED_KINDS = frozenset((Kind.HASH, Kind.PADLIST, Kind.PADNAMES, Kind.PAD))
_ELEMENT = int(RefKind.ELEMENT)
_PLAIN_NAMES: dict[int, str] = {
    RefKind.REFERENT: "the referrant",
    RefKind.OUR_STASH: "the our stash",
    RefKind.GLOB_SCALAR: "the scalar",
    RefKind.GLOB_ARRAY: "the array",
    RefKind.GLOB_HASH: "the hash",
    RefKind.GLOB_CODE: "the code",
    RefKind.GLOB_EGV: "the egv",
    RefKind.GLOB_IO: "the io",
    RefKind.GLOB_FORM: "the form",
    RefKind.MRO_LINEAR_ALL: "the mro linear all HV",
    RefKind.MRO_LINEAR_CURRENT: "the mro linear current",
    RefKind.MRO_NEXT_METHOD: "the mro next::method",
    RefKind.MRO_ISA: "the mro ISA cache",
    RefKind.CODE_STASH: "the stash",
    RefKind.CODE_GLOB: "the glob",
    RefKind.CODE_OUTSIDE: "the scope",
    RefKind.CODE_PADLIST: "the padlist",
    RefKind.CODE_CONSTVAL: "the constant value",
    RefKind.CODE_CONSTANT: "a constant",
    RefKind.CODE_GLOBREF: "a referenced glob",
    RefKind.CODE_PADNAMES: "the padnames",
    RefKind.CODE_PROTOSUB: "the protosub",
    RefKind.PAD_ARGS: "the @_ av",
    RefKind.PADLIST_NAMES: "the padnames",
    RefKind.IO_TOP: "the top GV",
    RefKind.IO_FORMAT: "the format GV",
    RefKind.IO_BOTTOM: "the bottom GV",
    RefKind.LVALUE_TARGET: "the target",
    RefKind.ADJUST_BLOCKS: "the ADJUST blocks AV",
    RefKind.MAGIC2_AUXSV: "magic auxiliary SV",
    RefKind.MAGIC2_KEYSV: "magic key SV",
    RefKind.MAGIC2_USERSTRUCT: "magic user structure",
    RefKind.SAVED_SCALAR: "saved value of SCALAR slot",
    RefKind.SAVED_ARRAY: "saved value of ARRAY slot",
    RefKind.SAVED_HASH: "saved value of HASH slot",
    RefKind.SAVED_CODE: "saved value of CODE slot",
    RefKind.SAVED_KEY: "a key for saved value",
    RefKind.BLESSED: "the bless package",
}
_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*\n?")
_ESCAPED = {
    **{ord(character): "\\" + character for character in '"\\$@'},
    **{10: "\\n", 13: "\\r", 9: "\\t", 7: "\\a", 8: "\\b", 12: "\\f"},
}
_WIDE_ESCAPES = {**_ESCAPED, 27: "\\e"}


def description(heap: Heap, sv: int) -> str:
    """What an SV is, without its address: `SCALAR(UV,PV)`, `REF(W)`, `ARRAY(2,!REAL)`, `CODE(PP,closure)`."""
    if sv >= heap.n:
        return ("UNDEF", "YES", "NO")[sv - heap.n]
    kind = kind_of(int(heap.kind[sv]))
    length, flags = int(heap.length[sv]), int(heap.flags[sv])
    if kind in _COUNTED_KINDS:
        return f"{kind.name}({length})"
    if kind in HASH_KINDS:
        return f"STASH({length})"
    if kind == Kind.ARRAY:
        return f"ARRAY({length}{',!REAL' if flags & 1 else ''})"
    if kind == Kind.SCALAR:
        return f"SCALAR({','.join(scalar_fields(flags))})"
    if kind == Kind.CODE:
        return f"CODE({','.join(_code_words(heap, sv))})"
    if kind == Kind.GLOB:
        kinds = set(heap.out_kind[slice(*heap.out_start[sv : sv + 2])].tolist())
        return f"GLOB({''.join(sigil for slot, sigil in _GLOB_SLOTS if slot in kinds)})"
    return _plain_description(heap, sv, kind)


def _plain_description(heap: Heap, sv: int, kind: Kind) -> str:
    if kind == Kind.REF:
        return f"REF({'W' if heap.flags[sv] & 1 else ''})"
    if kind in (Kind.YES, Kind.NO):
        return f"BOOL({kind.name})"
    if kind == Kind.OBJECT:
        return "OBJ()"
    if kind == Kind.C_STRUCT:
        return f"C_STRUCT({struct_name(heap, sv)})"
    return "UNKNOWN" if kind == Kind.UNKNOWN else f"{kind.name}()"


def scalar_fields(flags: int) -> list[str]:
    """The fields that a SCALAR's flags say it has: `UV` or `IV`, `NV`, `PV`."""
    whole = "UV" if flags & ScalarFlag.IS_UV else "IV"
    return [whole] * bool(flags & ScalarFlag.IV) + [name for flag, name in _SCALAR_FIELDS if flags & flag]


def _code_words(heap: Heap, sv: int) -> list[str]:
    flags, row = int(heap.flags[sv]), code_row(heap, sv)
    rows = slice(*heap.out_start[sv : sv + 2])
    words = (
        (bool(heap.codes.oproot[row]), "PP"),
        (bool(np.any(heap.out_kind[rows] == RefKind.CODE_CONSTVAL)), "CONST"),
        (bool(flags & CodeFlag.XSUB), "XS"),
        (bool(flags & CodeFlag.CLONED), "closure"),
        (bool(flags & CodeFlag.CLONE), "proto"),
    )
    return [word for said, word in words if said]


def described(heap: Heap, sv: int) -> str:
    """An SV with its class, address and root name: `HASH(3)=Net::Conn at 0x55…`, `STASH(79) at 0x55…=defstash`."""
    package = heap.class_of(sv)
    root = root_names(heap).get(sv)
    text = description(heap, sv) + (f"={package}" if package is not None else "")
    return f"{text} at {heap.address_of(sv):#x}" + (f"={root}" if root else "")


def root_names(heap: Heap) -> dict[int, str]:
    """SV id → the first of the names that perl's interpreter has for it: `defstash`."""
    names: dict[int, str] = {}
    for root in heap.roots:
        if root.sv >= 0:
            names.setdefault(root.sv, root.name)
    return names


def reference_name(heap: Heap, row: int) -> str:
    """What one row of the out_ columns is: `the referrant`, `element [0]`, `the lexical $x`, `'P' magic object`."""
    return reference_names(heap, np.array([row]))[0]


def reference_names(heap: Heap, rows: npt.NDArray[np.integer[Any]]) -> list[str]:
    """As `reference_name` of each of some rows."""
    columns = (heap.out_kind[rows], heap.out_detail[rows], heap.sources(rows), heap.out_strength[rows])
    return [_reference_name(heap, *row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _reference_name(heap: Heap, kind: int, detail: int, source: int, strength: int) -> str:
    if kind in _PLAIN_NAMES:
        return _PLAIN_NAMES[kind]
    if kind == _ELEMENT:
        return f"element [{detail}]"
    if kind == RefKind.VALUE:
        return f"value {key_text(heap, source, read_string(heap, detail))}"
    if kind == RefKind.PAD_LEXICAL:
        return f"the lexical {heap.padname(int(heap.owner[source]), detail)}"
    if kind == RefKind.FIELD:
        return f"the {field_name(heap, source, detail)} field"
    if kind == RefKind.STRUCT_FIELD:
        return struct_field_name(heap, source, detail)
    if kind == RefKind.ANNOTATION:
        return read_string(heap, detail).decode("utf-8", "replace")
    if kind == RefKind.SAVED_VALUE:
        return f"saved value of value {_saved_key(heap, source, detail)}"
    if kind == RefKind.BACKREFS:
        return "the backrefs list" if strength & Strength.STRONG else "a backref"
    return _numbered_name(RefKind(kind), detail)


def _numbered_name(kind: RefKind, detail: int) -> str:
    if kind in (RefKind.MAGIC_OBJECT, RefKind.MAGIC_POINTER):
        return f"'{magic_type(detail)}' magic {'object' if kind == RefKind.MAGIC_OBJECT else 'pointer'}"
    if kind in (RefKind.CODE_PAD, RefKind.PADLIST_PAD):
        return f"pad at depth {detail}"
    if kind == RefKind.PAD_TEMPORARY:
        return f"pad temporary {detail}"
    if kind == RefKind.PADNAMES_ELEMENT:
        return f"padname [{detail}]"
    return f"saved value of element [{detail}]" if kind == RefKind.SAVED_ELEMENT else f"element [{detail}]"


def _saved_key(heap: Heap, holder: int, key: int) -> str:
    if not 0 <= key < heap.n or heap.kind[key] != Kind.SCALAR or heap.length[key] < 0:
        return "{?}"
    start = body_of(heap, key)
    return key_text(heap, holder, bytes(heap.data[start : start + int(heap.length[key])]))


def magic_type(number: int) -> str:
    """The letter of a kind of magic; `^A` for a control character."""
    return f"^{chr(number + 64)}" if number < 32 else chr(number)


def field_name(heap: Heap, sv: int, index: int) -> str:
    """The name of a field of an object: `$x`; `[3]` for one that its class inherits."""
    return heap.class_fields.get(int(heap.blessed[sv]), {}).get(index) or f"[{index}]"


def key_text(heap: Heap, holder: int, key: bytes, in_stash: bool = False) -> str:
    """A key of a hash as an access: `{name}`, `{"two words"}`, and in a package `{^W}` for a control character."""
    if (hidden := hidden_key(heap, holder, key)) is not None:
        return f"{{{hidden}}}"
    if in_stash and re.fullmatch(rb"[\x00-\x1f][A-Za-z0-9_]*", key):
        return f"{{^{chr(64 + key[0])}{key[1:].decode('ascii')}}}"
    return f"{{{key.decode('ascii') if _IDENTIFIER.fullmatch(key) else quoted(key)}}}"


def quoted(text: bytes | str) -> str:
    """Bytes or characters as a Perl literal in double quotes, in printable ASCII."""
    if isinstance(text, str):
        return '"' + "".join(_WIDE_ESCAPES.get(ord(c)) or _wide(c) for c in text) + '"'
    return '"' + "".join(_ESCAPED.get(byte) or _byte(byte) for byte in text) + '"'


def _wide(character: str) -> str:
    return character if " " <= character <= "~" else f"\\x{{{ord(character):x}}}"


def _byte(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def struct_type(heap: Heap, sv: int) -> StructType | None:
    """The type of a C_STRUCT, None where the dump does not describe it."""
    size = heap.layout.ptr_size
    start = int(heap.offset[sv]) + 1 + int(heap.layout.type_sizes[0, 0])
    number = int.from_bytes(heap.data[start : start + size], heap.layout.byte_order)
    return heap.struct_types.get(number)


def struct_name(heap: Heap, sv: int) -> str:
    """The name of the type of a C_STRUCT."""
    found = struct_type(heap, sv)
    return found.name if found else "?"


def struct_field_name(heap: Heap, sv: int, index: int) -> str:
    """The name of a field of a C_STRUCT."""
    found = struct_type(heap, sv)
    return found.fields[index][0] if found and index < len(found.fields) else f"field {index}"
