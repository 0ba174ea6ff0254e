"""References that are no pointers of an SV's own record: of magic and saved values, of ops, of closures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import Extension, Kind, RefKind, Strength
from pmat_lsp.heap.addresses import Addresses
from pmat_lsp.heap.bodies import before_strings
from pmat_lsp.heap.distinct import distinct, last_of_each
from pmat_lsp.heap.gather import Gatherer
from pmat_lsp.heap.model import CodeTable
from pmat_lsp.heap.records import Records
from pmat_lsp.heap.references import STRENGTHS, Added, References, added, concatenated, references
from pmat_lsp.heap.survey import Noted
from pmat_lsp.kernels import scan as kernel

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

_EXTENSION_POINTERS: dict[Extension, tuple[tuple[int, RefKind], ...]] = {
    Extension.MAGIC: ((0, RefKind.MAGIC_OBJECT), (1, RefKind.MAGIC_POINTER)),
    Extension.SAVED_SV: ((0, RefKind.SAVED_SCALAR),),
    Extension.SAVED_AV: ((0, RefKind.SAVED_ARRAY),),
    Extension.SAVED_HV: ((0, RefKind.SAVED_HASH),),
    Extension.SAVED_CV: ((0, RefKind.SAVED_CODE),),
    Extension.SAVED_AELEM: ((0, RefKind.SAVED_ELEMENT),),
    Extension.SAVED_HELEM: ((0, RefKind.SAVED_KEY), (1, RefKind.SAVED_VALUE)),
    Extension.NOTE: ((0, RefKind.ANNOTATION),),
    # FUNCS and PTR (pointers 0 and 2) are no SVs.
    Extension.MAGIC2: ((1, RefKind.MAGIC2_AUXSV), (3, RefKind.MAGIC2_KEYSV), (4, RefKind.MAGIC2_USERSTRUCT)),
}


@dataclass(frozen=True)
class ExtensionReferences:
    """References that extension records say, with the flags that decide on the strength of a magic's object."""

    references: References
    weak_objects: Mask
    """bool, one a reference: the magic does not own its object."""


def extension_references(gather: Gatherer, sv: I32, kind: U8, offset: I64, ids: Addresses) -> ExtensionReferences:
    """What the extension records refer to: magic, saved values, notes."""
    layout = gather.layout
    parts = [references([], [], [])]
    weak: list[Mask] = [np.zeros(0, np.bool_)]
    for extension, pointers in _EXTENSION_POINTERS.items():
        rows = np.flatnonzero(kind == extension)
        if not len(rows):
            continue
        header, count, _ = (int(x) for x in layout.extension_sizes[extension - 0x80])
        start, owner = offset[rows], sv[rows]
        if layout.minor == 0:
            header, count, pointer_start = 1, 1, start
            detail = gather.bytes[start + layout.ptr_size].astype(np.int64)
            objects_weak: Mask = np.zeros(len(rows), np.bool_)
        else:
            pointer_start = start + header
            detail, objects_weak = _extension_header(gather, extension, start, header, count)
        for index, ref in pointers:
            if index >= count:
                continue
            target = ids.ids(gather.pointers(pointer_start + index * layout.ptr_size))
            these_weak = objects_weak if ref in (RefKind.MAGIC_OBJECT, RefKind.MAGIC2_AUXSV) else objects_weak & False
            known = target >= 0
            parts.append(references(owner, target, ref, detail).chosen(known))
            weak.append(these_weak[known])
    found = concatenated(parts)
    _saved_keys_as_detail(found)
    return ExtensionReferences(found, np.concatenate(weak))


def _extension_header(
    gather: Gatherer, extension: Extension, start: I64, header: int, pointers: int
) -> tuple[I64, Mask]:
    """The detail of the references of these records, and where the magic does not own its object."""
    none = np.zeros(len(start), np.bool_)
    if extension == Extension.MAGIC and header >= 2:
        return gather.bytes[start].astype(np.int64), (gather.bytes[start + 1] & 1) == 0
    if extension == Extension.MAGIC2 and header >= 2:
        return np.zeros(len(start), np.int64), (gather.bytes[start + 1] & 1) == 1
    if extension == Extension.SAVED_AELEM and header >= gather.layout.uint_size:
        return gather.signed(start), none
    if extension == Extension.NOTE:
        return start + header + pointers * gather.layout.ptr_size, none
    return np.zeros(len(start), np.int64), none


def _saved_keys_as_detail(found: References) -> None:
    """Give each SAVED_VALUE the id of its key; keys and values were gathered in the same order, but may be dangling."""
    keys = np.flatnonzero(found.kind == RefKind.SAVED_KEY)
    values = np.flatnonzero(found.kind == RefKind.SAVED_VALUE)
    if len(keys) == len(values):
        found.detail[values] = found.target[keys]


def added_references(
    gather: Gatherer,
    addresses: Addresses,
    noted: Noted,
    records: Records,
    ids_of_listed: I32,
    codes: CodeTable,
    code_flags: U8,
    extensions: tuple[I32, U8, I64],
) -> Added:
    """All of them.

    Args:
        gather: of the dump.
        addresses: of the dump.
        noted: of the dump.
        records: of the dump.
        ids_of_listed: int32, the id of each SV that the survey has listed, -1 for one that a later record replaced.
        codes: of the dump.
        code_flags: uint8, `CodeFlag` of each.
        extensions: (SV, type, offset) of each extension record.
    """
    of_codes = concatenated(
        (
            _constants_in_pads(gather, addresses, noted, records, ids_of_listed),
            _prototypes(codes.sv, codes.oproot, code_flags),
        )
    )
    extended = extension_references(gather, *extensions, addresses)
    refs = concatenated((of_codes, extended.references))
    strength = STRENGTHS[refs.kind]
    strength[len(of_codes.source) :][extended.weak_objects] = Strength.WEAK
    return added(refs, strength, addresses[refs.target])


def _constants_in_pads(
    gather: Gatherer, addresses: Addresses, noted: Noted, records: Records, ids_of_listed: I32
) -> References:
    """The constants and globs of ops, which with ithreads are slots of the CODE's first pad."""
    layout = gather.layout
    wanted = np.isin(noted.part_type, (kernel.PART_CONSTANT_INDEX, kernel.PART_GLOB_INDEX))
    if not wanted.any():
        return references([], [], [])
    is_pad = np.flatnonzero((noted.part_type == kernel.PART_PAD) & (noted.part_index == 1))
    pads = addresses.ids(noted.part_value[is_pad].view(np.uint64))
    owners = ids_of_listed[noted.part_source[is_pad]]
    # Pads without a constant are not looked for: those of closures are many.
    needed = (pads >= 0) & np.isin(owners, ids_of_listed[noted.part_source[wanted]])
    pads, owners = pads[needed], owners[needed]
    owners, last = last_of_each(owners)
    offsets = records.offsets(pads[last])
    is_array = gather.bytes[offsets] == Kind.ARRAY
    owners, offsets = owners[is_array], offsets[is_array]
    header = int(layout.type_sizes[Kind.ARRAY, 0])
    strings = offsets + before_strings(layout, Kind.ARRAY)
    pointers = int(layout.type_sizes[Kind.ARRAY, 1]) * layout.ptr_size
    counts = gather.uints(strings - pointers - header) if header >= layout.uint_size else np.zeros(len(strings))
    bodies = strings
    for _ in range(int(layout.type_sizes[Kind.ARRAY, 2])):
        bodies = gather.after_strings(bodies)
    found = [references([], [], [])]
    for part, ref in (
        (kernel.PART_CONSTANT_INDEX, RefKind.CODE_CONSTANT),
        (kernel.PART_GLOB_INDEX, RefKind.CODE_GLOBREF),
    ):
        rows = np.flatnonzero(noted.part_type == part)
        slots = distinct((ids_of_listed[noted.part_source[rows]].astype(np.int64) << 32) | noted.part_index[rows])
        code, index = slots >> 32, slots & 0xFFFFFFFF
        at = np.searchsorted(owners, code)
        at[at == len(owners)] = 0
        usable = np.flatnonzero(owners[at] == code) if len(owners) else np.zeros(0, np.intp)
        usable = usable[index[usable] < counts[at[usable]]]
        code, index, at = code[usable], index[usable], at[usable]
        target = addresses.ids(gather.pointers(bodies[at] + index * layout.ptr_size))
        found.append(references(code, target, ref).chosen(target >= 0))
    return concatenated(found)


def _prototypes(codes: I32, oproot: U64, flags: npt.NDArray[np.uint8]) -> References:
    """Each closure's reference to the CODE it was cloned from: that of the same op tree."""
    prototypes = np.flatnonzero(((flags & 1) != 0) & (oproot != 0))
    clones = np.flatnonzero(((flags & 2) != 0) & (oproot != 0))
    if not len(prototypes) or not len(clones):
        return references([], [], [])
    order = prototypes[np.argsort(oproot[prototypes], kind="stable")]
    at = np.searchsorted(oproot[order], oproot[clones])
    at[at == len(order)] = 0
    hit = oproot[order][at] == oproot[clones]
    return references(codes[clones[hit]], codes[order[at[hit]]], RefKind.CODE_PROTOSUB)
