"""All that a dump says of one SV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import BOOL_KINDS, Kind, PadnameFlag, RefKind
from pmat_lsp.heap.bodies import body_of
from pmat_lsp.heap.describe import code_place, code_row
from pmat_lsp.heap.magic import allocation_of, magics_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described, field_name, magic_type, struct_type
from pmat_lsp.heap.pads import first_pad, pads_of
from pmat_lsp.heap.privacy import hidden_value
from pmat_lsp.heap.symbols import symbol_names, symbol_of
from pmat_lsp.heap.valued import SHOWN_CHARACTERS, bool_text, described_with_value, number_text, string_text
from pmat_lsp.heap.values import elements, scalar_value, text_of

_COLUMNS = (Column("fact", Unit.TEXT), Column("name", Unit.TEXT), Column("value", Unit.TEXT), Column("sv", Unit.SV))
_GLOB_SLOTS = {
    RefKind.GLOB_SCALAR: "SCALAR",
    RefKind.GLOB_ARRAY: "ARRAY",
    RefKind.GLOB_HASH: "HASH",
    RefKind.GLOB_CODE: "CODE",
    RefKind.GLOB_EGV: "EGV",
    RefKind.GLOB_IO: "IO",
    RefKind.GLOB_FORM: "FORM",
}
_POINTER, _BOOL = 0, 1
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """How much to say."""

    full_strings: bool = False
    """All of a string that is in the dump, not only its start."""
    pad: bool = False
    """Of a CODE what its first pad holds."""


def show_table(heap: Heap, sv: int, options: ShowOptions) -> Table:
    """The facts about an SV: (what kind of fact, its name, its value, the SV that it is about if any)."""
    rows = [*_common(heap, sv), *_of_kind(heap, sv, options)]
    return Table(described(heap, sv), _COLUMNS, tuple(rows))


def _common(heap: Heap, sv: int) -> Iterator[Row]:
    yield _said("refcount", str(int(heap.refcount[sv])))
    if sv in heap.mortals:
        yield _said("mortal", "yes")
    yield _said("size", str(int(heap.size[sv])))
    if (package := heap.class_of(sv)) is not None:
        yield "blessed", None, package, heap.address_of(int(heap.blessed[sv]))
    if name := symbol_of(heap, sv) or next(iter(symbol_names(heap, sv)), None):
        yield _said("symbol", name)
    for magic in magics_of(heap, sv):
        yield _said("magic", magic.type)
        yield from (_about(heap, "magic object", None, magic.object),) if magic.object >= 0 else ()
        yield from (_about(heap, "magic pointer", None, magic.pointer),) if magic.pointer >= 0 else ()
        yield from (_said("magic table", hex(magic.table)),) if magic.table else ()
    if allocation := allocation_of(heap, sv):
        yield _said("serial", str(allocation.serial))
        yield from (_said("created", f"{allocation.file}:{allocation.line}"),) if allocation.file is not None else ()


def _of_kind(heap: Heap, sv: int, options: ShowOptions) -> Iterator[Row]:
    if heap.kind[sv] == Kind.SCALAR:
        return _scalar(heap, sv, options)
    if heap.kind[sv] == Kind.CODE:
        return _code(heap, sv, options)
    tell = _TELLERS.get(int(heap.kind[sv]))
    return tell(heap, sv) if tell else iter(())


def _scalar(heap: Heap, sv: int, options: ShowOptions) -> Iterator[Row]:
    value = scalar_value(heap, sv)
    if hidden := hidden_value(heap, sv, value):
        yield _field("value", hidden)
        return
    if value.integer is not None:
        yield _field("UV" if value.unsigned else "IV", str(value.integer))
    if value.number is not None:
        yield _field("NV", number_text(value.number))
    if value.string is not None:
        yield _field("PV", string_text(value, None if options.full_strings else SHOWN_CHARACTERS))
        yield _said("pvlen", str(value.string_length))


def _bool(heap: Heap, sv: int) -> Iterator[Row]:
    yield _field("BOOL", bool_text(heap, sv))


def _reference(heap: Heap, sv: int) -> Iterator[Row]:
    yield from _targets(heap, sv, {RefKind.REFERENT: "RV"})


def _array(heap: Heap, sv: int) -> Iterator[Row]:
    yield _said("elements", str(int(heap.length[sv])))


def _hash(heap: Heap, sv: int) -> Iterator[Row]:
    yield _said("values", str(int(heap.length[sv])))


def _stash(heap: Heap, sv: int) -> Iterator[Row]:
    if heap.kind[sv] == Kind.CLASS:
        yield _said("class", "yes")
        yield from _targets(heap, sv, {RefKind.ADJUST_BLOCKS: "adjust_blocks"})
    yield _field("stashname", heap.stash_name(sv) or "")
    yield from _hash(heap, sv)


def _glob(heap: Heap, sv: int) -> Iterator[Row]:
    row = int(heap.globs.sv.searchsorted(sv))
    if name := heap.string(int(heap.globs.name[row])):
        yield _field("name", name)
    if (stash := int(heap.globs.stash[row])) >= 0:
        yield _about(heap, "field", "stash", stash)
    found = {str(slot[1]): slot for slot in _targets(heap, sv, _GLOB_SLOTS)}
    yield from (found[name] for name in _GLOB_SLOTS.values() if name in found)


def _io(heap: Heap, sv: int) -> Iterator[Row]:
    row = int(heap.ios.sv.searchsorted(sv))
    yield _field("ifileno", str(int(heap.ios.ifileno[row])))
    yield _field("ofileno", str(int(heap.ios.ofileno[row])))


def _object(heap: Heap, sv: int) -> Iterator[Row]:
    for index, value in enumerate(elements(heap, sv)):
        yield _valued(heap, "field", field_name(heap, sv, index), value)


def _struct(heap: Heap, sv: int) -> Iterator[Row]:
    kind = struct_type(heap, sv)
    layout, position = heap.layout, body_of(heap, sv)
    sizes = (layout.ptr_size, 1, 1, 4, layout.uint_size)
    for name, field in kind.fields if kind else ():
        if field >= len(sizes):
            return
        number = int.from_bytes(heap.data[position : position + sizes[field]], layout.byte_order)
        position += sizes[field]
        if field == _POINTER:
            yield from (_valued(heap, "field", name, target),) if (target := heap.id_at(number)) >= 0 else ()
        else:
            yield _field(name, ("false", "true")[number != 0] if field == _BOOL else str(number))


def _lvalue(heap: Heap, sv: int) -> Iterator[Row]:
    yield _field("type", magic_type(int(heap.flags[sv])))
    yield from _targets(heap, sv, {RefKind.LVALUE_TARGET: "target"})


def _padnames(heap: Heap, sv: int) -> Iterator[Row]:
    yield _about(heap, "field", "padcv", int(heap.owner[sv]))
    for index, name in enumerate(elements(heap, sv)):
        if index and name >= 0 and (text := text_of(heap, name)) is not None:
            yield "padname", str(index), text, heap.address_of(name)


def _code(heap: Heap, sv: int, options: ShowOptions) -> Iterator[Row]:
    row = code_row(heap, sv)
    file, line = code_place(heap, sv)
    yield _field("hekname", heap.string(int(heap.codes.name[row])) or None)
    yield _about(heap, "field", "stash", int(heap.codes.stash[row]))
    yield _about(heap, "field", "glob", _glob_of(heap, sv, int(heap.codes.glob[row])))
    yield _field("location", (f"{file} line {line}" if line else file) or None)
    yield _about(heap, "field", "scope", int(heap.codes.outside[row]))
    names = {RefKind.CODE_PADLIST: "padlist", RefKind.CODE_PADNAMES: "padnames_av", RefKind.CODE_PROTOSUB: "protosub"}
    yield from _targets(heap, sv, names)
    for depth, pad in enumerate(pads_of(heap, sv)):
        yield _about(heap, "field", f"pad[{depth}]", pad)
    if options.pad and (pad := first_pad(heap, sv)) >= 0:
        yield _said("pad", "0")
        yield from pad_slots(heap, pad, sv)
    for at in heap.out_rows(sv):
        if heap.out_kind[at] == RefKind.CODE_GLOBREF:
            yield _about(heap, "glob", None, int(heap.out_target[at]))


def _glob_of(heap: Heap, code: int, named: int) -> int:
    """The glob that a CODE names, or else one that has it in its slot."""
    if named >= 0:
        return named
    holders = (row for row in heap.in_rows(code).tolist() if heap.out_kind[row] == RefKind.GLOB_CODE)
    return next((int(heap.out_source[row]) for row in holders), -1)


def _pad(heap: Heap, sv: int) -> Iterator[Row]:
    yield _about(heap, "field", "padcv", int(heap.owner[sv]))
    yield from pad_slots(heap, sv, int(heap.owner[sv]))


def pad_slots(heap: Heap, pad: int, code: int, of_ops: Mapping[int, str] | None = None) -> Iterator[Row]:
    """A row for each slot of a pad: `slot` with the name of a lexical, `GLOB` or `CONST` for those of ops.

    `of_ops` is what `targets_of_ops` gives, for a caller that looks at many pads of one CODE.
    """
    used = targets_of_ops(heap, code) if of_ops is None else of_ops
    for index, value in enumerate(elements(heap, pad)):
        name = _slot_name(heap, code, index)
        kind = "lexical" if name else "temporary"
        yield _valued(heap, kind, name or used.get(value, ""), value)


def targets_of_ops(heap: Heap, code: int) -> dict[int, str]:
    """What the ops of a CODE refer to: `GLOB` or `CONST` by SV, an empty string for its other references."""
    words = {int(RefKind.CODE_GLOBREF): "GLOB", int(RefKind.CODE_CONSTANT): "CONST"}
    return {target: words.get(kind, "") for kind, _, target in heap.references_of(code)}


def _slot_name(heap: Heap, code: int, index: int) -> str | None:
    """`state $x`, `our @y`, `$captured *OUTER`; None for a slot without a name."""
    name = heap.padname(code, index) if index else "@_"
    if not name or not index:
        return name
    flags = heap.padname_flags(code, index)
    words = [
        "state" if flags & PadnameFlag.STATE else "",
        "our" if flags & PadnameFlag.OUR else "",
        "field" if flags & PadnameFlag.FIELD else "",
        name,
        # perl sets OUTER on every `our` too, where it says nothing.
        "*OUTER" if flags & PadnameFlag.OUTER and not flags & PadnameFlag.OUR else "",
    ]
    return " ".join(word for word in words if word)


def _targets(heap: Heap, sv: int, names: dict[RefKind, str]) -> Iterator[Row]:
    for row in heap.out_rows(sv):
        if name := names.get(RefKind(int(heap.out_kind[row]))):
            yield _about(heap, "field", name, int(heap.out_target[row]))


def _said(fact: str, value: str) -> Row:
    return fact, None, value, None


def _field(name: str, value: str | None) -> Row:
    return "field", name, value, None


def _about(heap: Heap, fact: str, name: str | None, sv: int) -> Row:
    return (fact, name, described(heap, sv), heap.address_of(sv)) if sv >= 0 else (fact, name, None, None)


def _valued(heap: Heap, fact: str, name: str, sv: int) -> Row:
    return (fact, name, described_with_value(heap, sv), heap.address_of(sv)) if sv >= 0 else (fact, name, "NULL", None)


_TELLERS: dict[int, Callable[[Heap, int], Iterator[Row]]] = {
    **dict.fromkeys(map(int, BOOL_KINDS), _bool),
    Kind.REF: _reference,
    Kind.ARRAY: _array,
    Kind.PADLIST: _array,
    Kind.LVALUE: _lvalue,
    Kind.HASH: _hash,
    Kind.STASH: _stash,
    Kind.CLASS: _stash,
    Kind.GLOB: _glob,
    Kind.IO: _io,
    Kind.OBJECT: _object,
    Kind.C_STRUCT: _struct,
    Kind.PAD: _pad,
    Kind.PADNAMES: _padnames,
}
