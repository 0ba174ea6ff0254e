"""The references of a heap: from the addresses in the records to CSR columns of ids, kinds and strengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.header import Layout
from pmat_lsp.format.kinds import GP_SLOTS, CodeFlag, Extension, Kind, RefKind, Strength
from pmat_lsp.heap.gather import Gatherer
from pmat_lsp.kernels import linking

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
U64 = npt.NDArray[np.uint64]

_OWNED = Strength.STRONG | Strength.COUNTED

_STRENGTHS: dict[RefKind, Strength] = {
    # The effective glob is a plain pointer (perl's GvEGV), though Devel::MAT calls it strong.
    RefKind.GLOB_EGV: Strength.STRONG,
    RefKind.CODE_STASH: Strength.WEAK,
    RefKind.CODE_PROTOSUB: Strength.INFERRED,
    # sv_bless counts the stash, though Devel::MAT calls the reference weak.
    RefKind.BLESSED: Strength.WEAK | Strength.COUNTED,
    **{kind: Strength.INFERRED for kind in RefKind if kind.name.startswith("SAVED_")},
}
"""The strength of each kind of reference, where it is not STRONG and COUNTED and depends on nothing else."""


@dataclass
class References:
    """References as parallel columns, in no order: SV ids and what `Heap` says of the out_ columns."""

    source: I32
    target: I32
    kind: U8
    detail: I64

    def chosen(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> References:
        """Some of them: those with these numbers, or where a mask is set."""
        return References(self.source[rows], self.target[rows], self.kind[rows], self.detail[rows])


def concatenated(parts: Sequence[References]) -> References:
    """All of them, one part after the other."""
    columns = ([getattr(part, name) for part in parts] for name in ("source", "target", "kind", "detail"))
    return References(*map(np.concatenate, columns))


def references(
    source: npt.ArrayLike, target: npt.ArrayLike, kind: npt.ArrayLike, detail: npt.ArrayLike = 0
) -> References:
    """References from columns that numpy can broadcast to the length of `source`."""
    first = np.asarray(source, np.int32)
    shape = first.shape
    return References(
        first,
        np.broadcast_to(np.asarray(target, np.int32), shape).copy(),
        np.broadcast_to(np.asarray(kind, np.uint8), shape).copy(),
        np.broadcast_to(np.asarray(detail, np.int64), shape).copy(),
    )


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


def extension_references(gather: Gatherer, sv: I32, kind: U8, offset: I64, ids: AddressMap) -> ExtensionReferences:
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


class AddressMap:
    """From addresses to SV ids."""

    def __init__(self, sorted_addresses: U64, immortals: U64) -> None:
        self._places = (sorted_addresses, immortals, *_buckets(sorted_addresses))

    def ids(self, addresses: U64) -> I32:
        """int32: the id at each address, -1 where there is no SV (0 included)."""
        found = np.empty(len(addresses), np.int32)
        linking.find(*self._places, np.ascontiguousarray(addresses), found)
        return found

    def references(self, addresses: U64, ids_of_rows: I32, row: I32, kind: U8, detail: I64) -> References:
        """The references from records to addresses where there is an SV.

        Args:
            addresses: uint64, of each reference where it leads to.
            ids_of_rows: int32, the id of each record, -1 for one that a later record replaced.
            row: int32, of each reference the record that it belongs to. This and the next two are used up: they
                become columns of the result.
            kind: uint8, as in `References`; likewise `detail`.
        """
        target = np.empty(len(addresses), np.int32)
        left = linking.resolve(*self._places, addresses, ids_of_rows, row, target, kind, detail)
        return References(row[:left], target[:left], kind[:left], detail[:left])


def _buckets(addresses: U64) -> tuple[I32, int]:
    """The first rows and the width in bits of buckets for `linking.find`, each for a few of the sorted addresses."""
    if not len(addresses):
        return np.zeros(1, np.int32), 0
    span = int(addresses[-1] - addresses[0])
    bits = min(63, (span // len(addresses)).bit_length() + 2)
    starts = addresses[0] + (np.arange((span >> bits) + 1, dtype=np.uint64) << np.uint64(bits))
    return np.append(np.searchsorted(addresses, starts), len(addresses)).astype(np.int32), bits


def strengths(
    refs: References,
    kind: U8,
    flags: U8,
    layout: Layout,
    magic_weak: npt.NDArray[np.bool_],
) -> U8:
    """uint8 `Strength` bits of each reference.

    Args:
        refs: all references; those of extension records last.
        kind: of each SV.
        flags: of each SV.
        layout: of the dump.
        magic_weak: bool, for the last rows of `refs`: the magic does not own its object.
    """
    table = np.full(256, _OWNED, np.uint8)
    for ref, strength in _STRENGTHS.items():
        table[ref] = strength
    result = table[refs.kind]
    source_flags = flags[refs.source]

    def weaken(mask: npt.NDArray[np.bool_], strength: Strength = Strength.WEAK) -> None:
        result[mask] = strength

    weaken((refs.kind == RefKind.REFERENT) & ((source_flags & 1) != 0))
    weaken((refs.kind == RefKind.ELEMENT) & ((source_flags & 1) != 0))
    weaken((refs.kind == RefKind.GLOB_EGV) & (refs.source == refs.target))
    weaken((refs.kind == RefKind.CODE_OUTSIDE) & ((source_flags & CodeFlag.WEAKOUTSIDE) != 0))
    weaken((refs.kind == RefKind.CODE_GLOB) & ((source_flags & CodeFlag.CVGV_RC) == 0))
    weaken((refs.kind == RefKind.BACKREFS) & (kind[refs.target] != Kind.ARRAY))
    # perl leaves the target of an LVALUE uncounted where it is the LVALUE itself (not yet an element).
    weaken((refs.kind == RefKind.LVALUE_TARGET) & (refs.source == refs.target))
    # The current linearisation is a second pointer to one that the HV of all of them owns, where there is such an HV.
    has_all = np.zeros(len(kind), np.bool_)
    has_all[refs.source[refs.kind == RefKind.MRO_LINEAR_ALL]] = True
    weaken((refs.kind == RefKind.MRO_LINEAR_CURRENT) & has_all[refs.source], Strength.STRONG)
    in_ops = (refs.kind == RefKind.CODE_CONSTANT) | (refs.kind == RefKind.CODE_GLOBREF)
    if layout.ithreads:
        weaken(in_ops, Strength.INDIRECT)
    has_padlist = np.zeros(len(kind), np.bool_)
    has_padlist[refs.source[refs.kind == RefKind.CODE_PADLIST]] = True
    in_padlist = (refs.kind == RefKind.CODE_PAD) | (refs.kind == RefKind.CODE_PADNAMES)
    weaken(in_padlist & has_padlist[refs.source], Strength.INDIRECT)
    if len(magic_weak):
        tail = result[-len(magic_weak) :]
        tail[magic_weak] = Strength.WEAK
    return result


def shared_slots_counted_once(refs: References, strength: U8, nodes: int) -> None:
    """Clear COUNTED on the slots of a glob that shares them with another one: `*copy = *STDERR` makes one set of slots.

    A glob that shares its slots (perl's GP) names the glob that they were made for as its effective glob.

    Args:
        refs: all references.
        strength: uint8, in and out.
        nodes: number of SVs.
    """
    effective = np.full(nodes, -1, np.int32)
    is_effective = refs.kind == RefKind.GLOB_EGV
    effective[refs.source[is_effective]] = refs.target[is_effective]
    slots = np.flatnonzero(np.isin(refs.kind, GP_SLOTS))
    owner = effective[refs.source[slots]]
    shared = slots[(owner >= 0) & (owner != refs.source[slots])]
    if not len(shared):
        return
    owned = slots[np.isin(refs.source[slots], np.unique(owner[owner >= 0]))]
    columns = (refs.source[owned].tolist(), refs.kind[owned].tolist(), refs.target[owned].tolist())
    of_owners = set(zip(*columns, strict=True))
    for row in shared.tolist():
        if (int(effective[refs.source[row]]), int(refs.kind[row]), int(refs.target[row])) in of_owners:
            strength[row] = Strength.STRONG


def shared_ops_counted_once(refs: References, strength: U8, oproot: U64) -> None:
    """Clear COUNTED on constants and globs of ops that several CODEs share: an op tree owns them once.

    Without ithreads every clone of a closure lists the same constants, which its shared op tree holds one count of.

    Args:
        refs: all references.
        strength: uint8, in and out.
        oproot: uint64, of each SV: address of its op tree, 0 for none.
    """
    rows = np.flatnonzero(
        ((refs.kind == RefKind.CODE_CONSTANT) | (refs.kind == RefKind.CODE_GLOBREF))
        & ((strength & Strength.COUNTED) != 0)
    )
    if not len(rows):
        return
    # The first CODE of each op tree keeps its references counted, even where an op tree names one SV twice.
    roots = oproot[refs.source[rows]]
    first_code = {int(root): int(source) for root, source in zip(roots[::-1], refs.source[rows][::-1], strict=True)}
    owner = np.array([first_code[int(root)] for root in roots], np.int32)
    strength[rows[(refs.source[rows] != owner) & (roots != 0)]] = Strength.STRONG


def to_csr(source: I32, nodes: int) -> tuple[I32, I32]:
    """(int32[nodes + 1] starts, the stable order of rows by source)."""
    start, order = np.zeros(nodes + 1, np.int32), np.empty(len(source), np.int32)
    linking.count_sort(np.ascontiguousarray(source), start, order)
    return start, order
