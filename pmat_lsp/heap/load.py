"""Loads a dump: header, roots, stack, heap, contexts, mortals, and puts the columns of `heap.model` together."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.container import read_dump
from pmat_lsp.format.header import Buffer, Cursor, read_header
from pmat_lsp.format.kinds import ContextKind, Extension, Kind, RefKind, ScalarFlag
from pmat_lsp.format.roots import WEAK_ROOTS, describe_root
from pmat_lsp.heap import tables
from pmat_lsp.heap.gather import Gatherer
from pmat_lsp.heap.model import CodeTable, Context, Heap, PadnameTable, Root, StructType
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.records import check_rows, scan_records
from pmat_lsp.heap.references import (
    AddressMap,
    References,
    concatenated,
    extension_references,
    references,
    shared_ops_counted_once,
    shared_slots_counted_once,
    strengths,
    to_csr,
)
from pmat_lsp.heap.strings import Strings
from pmat_lsp.kernels import scan as kernel
from pmat_lsp.units import format_count

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

_HAS_VALUE = ScalarFlag.IV | ScalarFlag.NV | ScalarFlag.PV
_UNBUFFERED: Literal["clip"] = "clip"
"""How to take rows that are known to be there: to raise an error otherwise, numpy first makes a copy."""
_SETTLED_WITH_PADS = {"kind", "owner"}
"""Columns of SVs that change once more, when the pads are told from other arrays."""
_PADS_IN_CODE = (5, 18, 0)
"""From this perl on a CODE's record names its pads; before, its padlist is an array of them."""


def _nobody(_name: str, _column: npt.NDArray[Any]) -> None:
    """Nobody is told."""


def load(
    path: str | os.PathLike[str],
    progress: Progress = no_progress,
    read: Callable[[Path], Buffer] = read_dump,
    ready: Callable[[str, npt.NDArray[Any]], None] = _nobody,
) -> Heap:
    """Read the dump at `path`, compressed or not, all of it into memory; `heap.opening` does better with large ones.

    Args:
        path: the file.
        progress: told how far the reading is.
        read: how its bytes are had.
        ready: told of large columns by name as soon as they are final, while others are still being made.

    Raises:
        DumpError: it is no dump, of an unknown version, cut off, or damaged; nothing of it is used then.
    """
    return _Loader(Path(path), read(Path(path)), progress).heap(ready)


class _Loader:
    """Holds what the steps of loading share."""

    def __init__(self, path: Path, data: Buffer, progress: Progress) -> None:
        self.path = path
        self.data = data
        self.progress = progress
        self.layout, position = read_header(data, str(path))
        self.cursor = Cursor(data, str(path), self.layout, position)
        self.warnings: list[str] = []
        self.root_addresses = self._read_roots()
        self.stack_addresses = self._read_stack()
        self.records = scan_records(data, str(path), self.layout, self.cursor.position, progress)
        self.cursor.position = self.records.end
        self.raw_contexts = self._read_contexts()
        self.mortal_addresses = self._read_mortals()

    # Sections ---------------------------------------------------------------------------------------------------------

    def _read_roots(self) -> list[tuple[str, int]]:
        cursor = self.cursor
        cursor.section = "table of roots"
        roots = [(name, cursor.ptr()) for name in ("sv_undef", "sv_yes", "sv_no")]
        count = cursor.u32()
        cursor.check_count(count, self.layout.uint_size + self.layout.ptr_size, "roots")
        for _ in range(count):
            name = cursor.string()
            roots.append((tables.decode_name(name or b""), cursor.ptr()))
        return roots

    def _read_stack(self) -> U64:
        self.cursor.section = "value stack"
        return self._read_pointers("elements")

    def _read_pointers(self, what: str) -> U64:
        count = self.cursor.uint()
        self.cursor.check_count(count, self.layout.ptr_size, what)
        raw = self.cursor.take(count * self.layout.ptr_size)
        return np.frombuffer(raw, self.layout.ptr_dtype).astype(np.uint64)

    def _read_mortals(self) -> U64:
        self.cursor.section = "list of mortals"
        # Dumpers before 0.47 end the file here.
        if self.cursor.position >= len(self.data):
            return np.zeros(0, np.uint64)
        mortals = self._read_pointers("mortals")
        if len(mortals):
            self.cursor.uint()
        return mortals

    def _read_contexts(self) -> list[tuple[int, int, str, int, int, int, int]]:
        """(kind, gimme, file, line, code or text address, arguments address, old depth)."""
        cursor = self.cursor
        cursor.section = "list of contexts"
        contexts = []
        while kind := cursor.u8():
            read = self._read_context if self.layout.minor >= 2 else self._read_old_context
            contexts.append((kind, *read(kind)))
        return contexts

    def _read_context(self, kind: int) -> tuple[int, str, int, int, int, int]:
        cursor, layout, sizes = self.cursor, self.layout, self.layout.context_sizes
        at = cursor.position - 1
        if kind >= len(sizes):
            expected = f"expected 1 to {len(sizes) - 1}"
            raise cursor.error(f"damaged: at byte {at:,} found a context of type {kind}; {expected}", at)
        (common_header, common_pointers, common_strings), (header, pointers, strings) = sizes[0], sizes[kind]
        raw = Cursor(cursor.take(common_header), cursor.path, layout)
        gimme = raw.u8() if common_header >= 1 else 0
        line = raw.uint() if common_header >= 1 + layout.uint_size else 0
        cursor.take(common_pointers * layout.ptr_size)
        texts = [cursor.string() for _ in range(common_strings)]
        own = Cursor(cursor.take(header), cursor.path, layout)
        old_depth = own.u32() if kind == ContextKind.SUB and header >= 4 else -1
        targets = [cursor.ptr() for _ in range(pointers)] + [0, 0]
        for _ in range(strings):
            cursor.string()
        file = tables.decode_path((texts or [None])[0] or b"")
        return gimme, file, line, targets[0], targets[1] if kind == ContextKind.SUB else 0, old_depth

    def _read_old_context(self, kind: int) -> tuple[int, str, int, int, int, int]:
        cursor = self.cursor
        at = cursor.position - 1
        if kind not in list(ContextKind):
            raise cursor.error(f"damaged: at byte {at:,} found a context of type {kind}; expected 1 to 3", at)
        gimme = cursor.u8()
        file = tables.decode_path(cursor.string() or b"")
        line = cursor.uint()
        code = cursor.ptr() if kind != ContextKind.TRY else 0
        return gimme, file, line, code, cursor.ptr() if kind == ContextKind.SUB else 0, -1

    def _struct_types(self) -> dict[int, StructType]:
        types = {}
        cursor = Cursor(self.data, str(self.path), self.layout)
        for struct_id in np.flatnonzero(self.records.struct_offset >= 0).tolist():
            # The name lies before the fields; C structures are few, so the section is simply read again.
            cursor.position = int(self.records.struct_offset[struct_id])
            count = int(self.records.struct_fields[struct_id])
            fields = tuple((tables.decode_name(cursor.string() or b""), cursor.u8()) for _ in range(count))
            types[struct_id] = StructType(self._struct_name(struct_id), fields)
        return types

    def _struct_name(self, struct_id: int) -> str:
        """The STR that ends where the fields start."""
        end = int(self.records.struct_offset[struct_id])
        size = self.layout.uint_size
        for length in range(min(end - size, 4096)):
            start = end - length - size
            raw = bytes(self.data[start : start + size])
            if int.from_bytes(raw, self.layout.byte_order) == length:
                return tables.decode_name(bytes(self.data[start + size : end]))
        return f"struct {struct_id}"

    # Columns ----------------------------------------------------------------------------------------------------------

    def heap(self, ready: Callable[[str, npt.NDArray[Any]], None]) -> Heap:
        """Put the columns together. What has been copied is let go at once: a large dump has little room to spare."""
        rows = self._rows_in_id_order()
        ids = AddressMap(self.records.address[rows], self._immortals)
        ids_of_rows = np.full(len(self.records.address), -1, np.int32)
        ids_of_rows[rows] = np.arange(len(rows), dtype=np.int32)
        svs = self._sv_columns(rows, ids)
        del rows
        for name in svs.keys() - _SETTLED_WITH_PADS:
            ready(name, svs[name])
        gather = Gatherer(self.data, self.layout)
        names = tables.Interner(self.data, gather)
        n = len(svs["kind"]) - 3
        reader = tables.TableReader(gather, ids, svs["kind"][:n], svs["offset"][:n])
        codes = reader.codes(names)
        extensions = self._extensions(ids)
        refs, weak_magic, padnames = self._references(ids, ids_of_rows, svs, codes, extensions, gather, names)
        self.progress("linking", 0, 1)
        strength = strengths(refs, svs["kind"], svs["flags"], self.layout, weak_magic)
        shared_slots_counted_once(refs, strength, n + 3)
        if not self.layout.ithreads:
            oproot = np.zeros(n + 3, np.uint64)
            oproot[codes.sv] = codes.oproot
            shared_ops_counted_once(refs, strength, oproot)
        return Heap(
            path=self.path,
            layout=self.layout,
            data=self.data,
            n=n,
            **svs,
            **_linked(refs, strength, n + 3, ready),
            codes=codes,
            globs=reader.globs(names),
            ios=reader.ios(),
            stashes=reader.stashes(names),
            padnames=padnames,
            extensions=tables.extension_table(*extensions),
            class_fields=tables.class_fields(self.records, ids_of_rows, names),
            strings=Strings.of(names.strings),
            struct_types=self._struct_types(),
            roots=self._roots(ids),
            stack=ids.ids(self.stack_addresses),
            contexts=self._contexts(ids),
            mortals=ids.ids(self.mortal_addresses),
            warnings=tuple(self.warnings),
        )

    @property
    def _immortals(self) -> U64:
        return np.array([address for _, address in self.root_addresses[:3]], np.uint64)

    def _rows_in_id_order(self) -> npt.NDArray[np.intp]:
        """The rows of the records in the order of addresses.

        A later record of the same address replaces an earlier one, as it does in the reference tool.
        """
        address = self.records.address
        order = np.argsort(address, kind="stable")
        in_order = address[order]
        last = np.ones(len(order), np.bool_)
        last[:-1] = in_order[1:] != in_order[:-1]
        if last.all():
            return order
        twice = int((~last).sum())
        self.warnings.append(f"{format_count(twice, 'SV')} dumped twice; the later record is used")
        return order[last]

    def _sv_columns(self, rows: npt.NDArray[np.intp], ids: AddressMap) -> dict[str, Any]:
        """The columns with a row an SV; those of the records are let go one by one."""
        self._warn_of_kinds()
        n = len(rows)
        fills = {"kind": Kind.IMMORTAL, "flags": 0, "refcount": 0, "size": 0, "offset": -1, "body": -1, "length": 0}
        svs: dict[str, Any] = {}
        for name, fill in fills.items():
            column = self.records.release(name)
            svs[name] = np.empty(n + 3, column.dtype)
            np.take(column, rows, out=svs[name][:n], mode=_UNBUFFERED)
            svs[name][n:] = fill
        kind = svs["kind"]
        # The dumper writes an undef that has a body (a magical one, say) as a SCALAR without a value.
        kind[(kind == Kind.SCALAR) & ((svs["flags"] & _HAS_VALUE) == 0)] = Kind.UNDEF
        svs["address"] = np.concatenate((self.records.release("address")[rows], self._immortals))
        svs["blessed"] = np.full(n + 3, -1, np.int32)
        svs["blessed"][:n] = ids.ids(self.records.release("blessed")[rows])
        svs["blessed"][kind == Kind.C_STRUCT] = -1
        svs["owner"] = np.full(n + 3, -1, np.int32)
        return svs

    def _extensions(self, ids: AddressMap) -> tuple[I32, npt.NDArray[np.uint8], I64]:
        """(SV, type, offset) of each extension record about an SV that is in the dump."""
        records = self.records
        sv = ids.ids(records.extension_address)
        self._warn_of_extensions(sv)
        known = sv >= 0
        return sv[known], records.extension_type[known], records.extension_offset[known]

    def _references(
        self,
        ids: AddressMap,
        ids_of_rows: I32,
        svs: dict[str, Any],
        codes: CodeTable,
        extensions: tuple[I32, npt.NDArray[np.uint8], I64],
        gather: Gatherer,
        names: tables.Interner,
    ) -> tuple[References, npt.NDArray[np.bool_], PadnameTable]:
        """All references; of the last ones whether magic does not own its object; and the names of lexicals."""
        refs = self._heap_references(ids, ids_of_rows)
        padnames = tables.padname_table(self.records, ids_of_rows, names)
        padnames = self._find_pads(refs, svs["kind"], svs["owner"], padnames, names, svs["body"], svs["length"])
        blessed = np.flatnonzero(svs["blessed"] >= 0)
        extended = extension_references(gather, *extensions, ids)
        parts = (
            refs,
            self._constants_in_pads(refs, ids, ids_of_rows, gather, svs["body"], svs["length"]),
            _prototypes(codes.sv, codes.oproot, svs["flags"][codes.sv]),
            references(blessed, svs["blessed"][blessed], RefKind.BLESSED),
            extended.references,
        )
        check_rows(str(self.path), len(svs["kind"]) - 3, sum(len(part.source) for part in parts))
        return concatenated(parts), extended.weak_objects, padnames

    def _heap_references(self, ids: AddressMap, ids_of_rows: I32) -> References:
        release = self.records.release
        addresses = release("ref_target")
        return ids.references(addresses, ids_of_rows, release("ref_source"), release("ref_kind"), release("ref_detail"))

    def _find_pads(
        self,
        refs: References,
        kind: npt.NDArray[np.uint8],
        owner: I32,
        padnames: PadnameTable,
        names: tables.Interner,
        body: I64,
        length: I64,
    ) -> PadnameTable:
        """Tell the pads, padnames and padlists among the arrays, and what their elements are."""
        self._claim(refs, RefKind.CODE_PADLIST, Kind.PADLIST, kind, owner)
        elements = np.flatnonzero(refs.kind == RefKind.ELEMENT)
        of = refs.source[elements]
        in_padlist = elements[kind[of] == Kind.PADLIST]
        refs.kind[in_padlist] = np.where(refs.detail[in_padlist] == 0, RefKind.PADLIST_NAMES, RefKind.PADLIST_PAD)
        if self.layout.perl_version < _PADS_IN_CODE:
            for ref, own in ((RefKind.PADLIST_NAMES, Kind.PADNAMES), (RefKind.PADLIST_PAD, Kind.PAD)):
                rows = np.flatnonzero(refs.kind == ref)
                rows = rows[kind[refs.target[rows]] == Kind.ARRAY]
                owner[refs.target[rows]] = owner[refs.source[rows]]
                kind[refs.target[rows]] = own
        self._claim(refs, RefKind.CODE_PADNAMES, Kind.PADNAMES, kind, owner)
        self._claim(refs, RefKind.CODE_PAD, Kind.PAD, kind, owner)
        kind_of = kind[of]
        in_names = elements[kind_of == Kind.PADNAMES]
        if len(in_names):
            padnames = self._padnames_from_arrays(refs.chosen(in_names), kind, owner, names, body, length)
            refs.kind[in_names] = RefKind.PADNAMES_ELEMENT
        in_pad = elements[kind_of == Kind.PAD]
        named = padnames.names_of(owner[refs.source[in_pad]], refs.detail[in_pad]) >= 0
        refs.kind[in_pad] = np.where(named, RefKind.PAD_LEXICAL, RefKind.PAD_TEMPORARY)
        refs.kind[in_pad[refs.detail[in_pad] == 0]] = RefKind.PAD_ARGS
        return padnames

    @staticmethod
    def _claim(refs: References, ref: RefKind, own: Kind, kind: npt.NDArray[np.uint8], owner: I32) -> None:
        rows = np.flatnonzero(refs.kind == ref)
        rows = rows[kind[refs.target[rows]] == Kind.ARRAY]
        owner[refs.target[rows]] = refs.source[rows]
        kind[refs.target[rows]] = own

    def _padnames_from_arrays(
        self,
        elements: References,
        kind: npt.NDArray[np.uint8],
        owner: I32,
        names: tables.Interner,
        body: I64,
        length: I64,
    ) -> PadnameTable:
        by_code: dict[int, list[tuple[int, bytes]]] = {}
        for source, target, index in zip(
            elements.source.tolist(), elements.target.tolist(), elements.detail.tolist(), strict=True
        ):
            if kind[target] == Kind.SCALAR and length[target] > 0 and index > 0:
                start = int(body[target])
                name = bytes(self.data[start : start + int(length[target])])
                by_code.setdefault(int(owner[source]), []).append((index, name))
        return tables.padnames_from_arrays([(code, sorted(by_code[code])) for code in sorted(by_code)], names)

    def _constants_in_pads(
        self,
        refs: References,
        ids: AddressMap,
        ids_of_rows: I32,
        gather: Gatherer,
        body: I64,
        length: I64,
    ) -> References:
        """The constants and globs of ops, which with ithreads are slots of the CODE's first pad."""
        records = self.records
        first_pad = np.full(len(body), -1, np.int32)
        is_first = ((refs.kind == RefKind.CODE_PAD) | (refs.kind == RefKind.PADLIST_PAD)) & (refs.detail == 1)
        first_pad[refs.source[is_first]] = refs.target[is_first]
        found = [references([], [], [])]
        for part, ref in (
            (kernel.PART_CONSTANT_INDEX, RefKind.CODE_CONSTANT),
            (kernel.PART_GLOB_INDEX, RefKind.CODE_GLOBREF),
        ):
            rows = np.flatnonzero(records.part_type == part)
            pairs = np.stack((ids_of_rows[records.part_source[rows]].astype(np.int64), records.part_index[rows]))
            codes, index = np.unique(pairs, axis=1) if len(rows) else pairs
            pad = np.where(codes >= 0, first_pad[codes], -1)
            usable = (pad >= 0) & (index < length[pad])
            codes, index, pad = codes[usable], index[usable], pad[usable]
            target = ids.ids(gather.pointers(body[pad] + index * self.layout.ptr_size))
            found.append(references(codes, target, ref).chosen(target >= 0))
        return concatenated(found)

    def _roots(self, ids: AddressMap) -> tuple[Root, ...]:
        addresses = np.array([address for _, address in self.root_addresses], np.uint64)
        return tuple(
            Root(name, describe_root(name), sv, name not in WEAK_ROOTS and not name.startswith("-"))
            for (name, _), sv in zip(self.root_addresses, ids.ids(addresses).tolist(), strict=True)
            if sv >= 0
        )

    def _contexts(self, ids: AddressMap) -> tuple[Context, ...]:
        codes = ids.ids(np.array([row[4] for row in self.raw_contexts], np.uint64)).tolist()
        arguments = ids.ids(np.array([row[5] for row in self.raw_contexts], np.uint64)).tolist()
        return tuple(
            Context(kind, gimme, file, line, code, args, old_depth)
            for (kind, gimme, file, line, _, _, old_depth), code, args in zip(
                self.raw_contexts, codes, arguments, strict=True
            )
        )

    def _warn_of_extensions(self, sv: I32) -> None:
        lost = int((sv < 0).sum())
        if lost:
            records = format_count(lost, "extension record")
            self.warnings.append(f"{records} about SVs that are not in the dump, skipped")
        for kind in np.unique(self.records.extension_type).tolist():
            if kind not in list(Extension):
                count = int((self.records.extension_type == kind).sum())
                self.warnings.append(f"{format_count(count, 'extension record')} of unknown type 0x{kind:02x}, skipped")

    def _warn_of_kinds(self) -> None:
        unknown = np.ones(256, np.bool_)
        unknown[[int(kind) for kind in Kind]] = False
        kinds, counts = np.unique(self.records.kind[unknown[self.records.kind]], return_counts=True)
        for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
            svs = format_count(count, "SV")
            self.warnings.append(f"{svs} of unknown type 0x{kind:02x}: shown as UNKNOWN")


def _linked(
    refs: References, strength: npt.NDArray[np.uint8], nodes: int, ready: Callable[[str, npt.NDArray[Any]], None]
) -> dict[str, Any]:
    """The references as CSR columns, both ways."""
    columns: dict[str, Any] = {}

    def put(**more: npt.NDArray[Any]) -> None:
        columns.update(more)
        for name, column in more.items():
            ready(name, column)

    out_start, by_source = to_csr(refs.source, nodes)
    order = by_source.astype(np.intp)
    put(out_start=out_start, out_strength=strength.take(order, mode=_UNBUFFERED))
    for name in ("target", "kind", "detail", "source"):
        put(**{f"out_{name}": getattr(refs, name).take(order, mode=_UNBUFFERED)})
    del order
    in_start, in_ref = to_csr(columns["out_target"], nodes)
    put(in_start=in_start, in_ref=in_ref)
    return columns


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


@dataclass(frozen=True, slots=True)
class Dangling:
    """A pointer of an SV that leads to no SV of the dump."""

    source: int
    """Id of the SV."""
    kind: RefKind
    detail: int
    """As `RefKind` says."""
    address: int
    """Where it points to."""


def dangling_pointers(heap: Heap, progress: Progress = no_progress) -> list[Dangling]:
    """The pointers in the records of a heap that lead to no SV, in the order of their SVs.

    The columns do not have them, so the dump is read again, all of it into memory. The pointers of extension records
    are left out: those of magic may well lead to something else.

    Raises:
        DumpError: the file has been cut short since it was loaded.
    """
    records = _Loader(heap.path, bytes(heap.data[0 : len(heap.data)]), progress).records
    ids = AddressMap(heap.address[: heap.n], heap.address[heap.n :])
    sources = ids.ids(records.address)
    # Of an SV that was dumped twice the later record counts.
    sources[(sources >= 0) & (heap.offset[sources] != records.offset)] = -1
    blessed = np.where(records.kind == Kind.C_STRUCT, np.uint64(0), records.blessed)
    source = np.concatenate((sources[records.ref_source], sources))
    address = np.concatenate((records.ref_target, blessed))
    nothing = np.zeros(len(sources), np.int64)
    kind = np.concatenate((records.ref_kind, np.full(len(sources), RefKind.BLESSED, np.uint8)))
    detail = np.concatenate((records.ref_detail, nothing))
    rows = np.flatnonzero((source >= 0) & (address != 0) & (ids.ids(address) < 0))
    rows = rows[np.argsort(source[rows], kind="stable")]
    return [Dangling(int(source[row]), RefKind(int(kind[row])), int(detail[row]), int(address[row])) for row in rows]
