"""Reads a dump in two passes, and writes the columns of `heap.model` into its index as it goes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from pmat_lsp.errors import DumpError
from pmat_lsp.format.container import read_dump
from pmat_lsp.format.header import DAMAGED_HINT, Buffer, Cursor, read_header
from pmat_lsp.format.kinds import Extension, Kind, RefKind
from pmat_lsp.format.roots import WEAK_ROOTS, describe_root
from pmat_lsp.heap import memory, tables
from pmat_lsp.heap.added import added_references
from pmat_lsp.heap.bodies import before_strings
from pmat_lsp.heap.contexts import Contexts
from pmat_lsp.heap.gather import Gatherer
from pmat_lsp.heap.index import PACKINGS, Identity, IndexWriter, read_open_index, small_parts
from pmat_lsp.heap.model import CodeTable, Heap, PadnameTable, Root, StructType
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.records import Piece, Records
from pmat_lsp.heap.references import Added, References
from pmat_lsp.heap.settling import Columns, references_settled_later, settle_pads, settle_strengths
from pmat_lsp.heap.strings import Strings
from pmat_lsp.heap.survey import Noted, check_rows, survey_records
from pmat_lsp.kernels import linking
from pmat_lsp.units import format_count

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]


def load(
    path: str | os.PathLike[str],
    progress: Progress = no_progress,
    read: Callable[[Path], bytes] = read_dump,
) -> Heap:
    """Read the dump at `path`, compressed or not, all of it into memory; `heap.opening` does better with large ones.

    Args:
        path: the file.
        progress: told how far the reading is.
        read: how its bytes are had.

    Raises:
        DumpError: it is no dump, of an unknown version, cut off, or damaged; nothing of it is used then.
    """
    dump = Path(path)
    data = read(dump)
    # The columns stay mapped when the file has gone.
    with tempfile.TemporaryFile() as file:
        write_index(dump, data, file, {}, progress)
        return read_open_index(file, {}, dump, data)


def write_index(path: Path, data: Buffer, file: BinaryIO, identity: Identity, progress: Progress) -> None:
    """Read a dump and write its index.

    Args:
        path: of the dump, for errors.
        data: its bytes.
        file: open for writing and reading, and empty.
        identity: of the dump.
        progress: told how far it is.

    Raises:
        DumpError: as `load`.
        OSError: the index cannot be written.
    """
    writer = IndexWriter(file, len(data))
    _Loader(path, data, progress).write(writer, identity)


_MOST_MEMORY = 1 << 57
"""Bytes: the largest address space of any machine today."""
_LARGE = 1 << 28
"""Bytes from which on a dump may well be larger than what there is of memory."""


@dataclass(frozen=True, eq=False, repr=False)
class _Tables:
    """What later steps need of the tables."""

    codes: CodeTable
    padnames: PadnameTable
    added: Added
    class_fields: dict[int, dict[int, str]]
    names: tables.Interner


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
        start = self.cursor.position
        self.survey, noted = survey_records(data, str(path), self.layout, start, self._immortals, progress)
        self._noted = [noted]
        self._give_back()
        self.cursor.position = self.survey.end
        self.contexts = Contexts()
        self.contexts.read(self.cursor)
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

    def _struct_types(self) -> dict[int, StructType]:
        types = {}
        cursor = Cursor(self.data, str(self.path), self.layout)
        for struct_id in np.flatnonzero(self.survey.struct_offset >= 0).tolist():
            # C structures are few, so the section is simply read again.
            cursor.position = int(self.survey.struct_name[struct_id])
            name = tables.decode_name(cursor.string() or b"") or f"struct {struct_id}"
            count = int(self.survey.struct_fields[struct_id])
            fields = tuple((tables.decode_name(cursor.string() or b""), cursor.u8()) for _ in range(count))
            types[struct_id] = StructType(name, fields)
        return types

    def _give_back(self) -> None:
        """Let the kernel have what is free now: it came in pieces, which malloc would keep."""
        if len(self.data) >= _LARGE:
            memory.give_back()

    @property
    def _immortals(self) -> U64:
        return np.array([address for _, address in self.root_addresses[:3]], np.uint64)

    # Columns ----------------------------------------------------------------------------------------------------------

    def write(self, writer: IndexWriter, identity: Identity) -> None:
        """Write everything. Columns go to the file as they are read: a large dump has little room to spare."""
        addresses = self.survey.addresses
        records = Records(self.data, str(self.path), self.layout, self.survey)
        found = self._write_tables(writer, records)
        self._give_back()
        target = self._write_settled(writer, self._write_records(writer, records, found.added), found)
        in_start = writer.to_fill("in_start", np.int32, len(addresses) + 1)
        in_ref = writer.to_fill("in_ref", np.int32, len(target))
        linking.count_sort(target, in_start, in_ref)
        writer.filled("in_start", in_start)
        writer.filled("in_ref", in_ref)
        for part in ("key", "bits", "rank", "immortals"):
            writer.add(f"address.{part}", getattr(addresses, part))
        writer.add_table("contexts", self.contexts.table(addresses, found.names))
        strings = Strings.of(found.names.strings)
        writer.add("strings.text", strings.text)
        writer.add("strings.start", strings.start)
        writer.add("stack", addresses.ids(self.stack_addresses))
        writer.add("mortals", addresses.ids(self.mortal_addresses))
        small = (self._roots(), self._struct_types(), found.class_fields, self.warnings, len(self.survey.replaced))
        writer.finish(identity, small_parts(self.layout, addresses, *small))

    def _write_settled(self, writer: IndexWriter, columns: Columns, found: _Tables) -> I32:
        """Write what depends on several records; returns out_target, which does not."""
        later = references_settled_later(columns)
        pads, padnames = settle_pads(
            columns,
            later,
            self.layout.perl_version,
            found.padnames,
            lambda elements: self._padnames_from_arrays(elements, columns, found.names),
        )
        settle_strengths(columns, later, found.codes, self.layout)
        writer.add_sparse("owner", pads.sv, pads.owner)
        objects = np.flatnonzero(columns.out_kind == RefKind.BLESSED)
        writer.add_sparse("blessed", columns.sources(objects), columns.out_target[objects])
        writer.add_table("padnames", padnames)
        for name in ("kind", "out_kind", "out_strength"):
            writer.filled(name, getattr(columns, name))
        return columns.out_target

    def _write_tables(self, writer: IndexWriter, records: Records) -> _Tables:
        """Write the tables of few rows, and let go what the survey noted for them."""
        noted, addresses = self._noted.pop(), self.survey.addresses
        copied = Gatherer(noted.copied, self.layout)
        names = tables.Interner(copied)
        ids_of_listed = addresses.ids(noted.listed_address)
        ids_of_listed[np.isin(noted.listed_offset, self.survey.replaced)] = -1
        order = np.argsort(ids_of_listed, kind="stable")
        order = order[ids_of_listed[order] >= 0]
        reader = tables.TableReader(
            copied, addresses, ids_of_listed[order], noted.listed_kind[order], noted.listed_copy[order]
        )
        codes = reader.codes(names)
        padnames = tables.padname_table(noted, ids_of_listed, names)
        self._warn_of_records()
        extensions = self._extensions(noted)
        writer.add_table("codes", codes)
        writer.add_table("globs", reader.globs(names))
        writer.add_table("ios", reader.ios())
        writer.add_table("stashes", reader.stashes(names))
        writer.add_table("extensions", tables.extension_table(*extensions))
        gather, flags = Gatherer(self.data, self.layout), reader.code_flags()
        more = added_references(gather, addresses, noted, records, ids_of_listed, codes, flags, extensions)
        return _Tables(codes, padnames, more, tables.class_fields(noted, ids_of_listed, names), names)

    def _write_records(self, writer: IndexWriter, records: Records, more: Added) -> Columns:
        """Write the columns that the records have; some of them will still change."""
        n = self.survey.addresses.count
        most = int(self.survey.run_references.sum()) + len(more.source)
        kind = writer.to_fill("kind", np.uint8, n + 3)
        out_kind, out_strength = (writer.to_fill(name, np.uint8, most) for name in ("out_kind", "out_strength"))
        flags, out_start = writer.column("flags", np.uint8, n + 3), writer.column("out_start", np.int32, n + 4)
        packed = {name: writer.packed(name, n + 3) for name in ("refcount", "size", "offset", "length")}
        target, detail = writer.column("out_target", np.int32, most), writer.packed("out_detail", most)
        out_start.append(np.zeros(1, np.int32))
        svs = rows = 0
        memory_taken = 0.0
        for piece in records.resolved(more, self.progress):
            behind = rows + len(piece.target)
            check_rows(str(self.path), n, behind)
            memory_taken = self._check_sizes(memory_taken, piece.svs)
            kind[svs : svs + len(piece.svs.kind)] = piece.svs.kind
            out_kind[rows:behind], out_strength[rows:behind] = piece.kind, piece.strength
            flags.append(piece.svs.flags)
            for name, column in packed.items():
                column.append(getattr(piece.svs, name))
            out_start.append(piece.ref_end + np.int32(rows))
            target.append(piece.target)
            detail.append(piece.detail)
            svs, rows = svs + len(piece.svs.kind), behind
        # There is no record of an immortal, but there may be magic.
        last = more.of(n, n + 3)
        behind = rows + len(last.source)
        check_rows(str(self.path), n, behind)
        kind[n:] = Kind.IMMORTAL
        out_kind[rows:behind], out_strength[rows:behind] = last.kind, last.strength
        flags.append(np.zeros(3, np.uint8))
        for name, column in packed.items():
            column.append(np.full(3, -1 if name == "offset" else 0, PACKINGS[name].wide))
        out_start.append((rows + np.searchsorted(last.source, np.arange(3), side="right")).astype(np.int32))
        target.append(self.survey.addresses.ids(last.address))
        detail.append(last.detail)
        whole = {name: column.finish() for name, column in packed.items()}
        return Columns(
            kind=kind,
            flags=flags.mapped(),
            offset=whole["offset"],
            length=whole["length"],
            out_start=out_start.mapped(),
            out_target=target.mapped(),
            out_kind=out_kind[:behind],
            out_strength=out_strength[:behind],
            out_detail=detail.finish(),
        )

    def _check_sizes(self, before: float, svs: Piece) -> float:
        """The size of all SVs so far, in bytes.

        Raises:
            DumpError: they take more than any machine has; sums of such sizes would overflow.
        """
        taken = before + np.cumsum(svs.size, dtype=np.float64)
        if len(taken) and taken[-1] > _MOST_MEMORY:
            at = int(svs.offset[np.argmax(taken > _MOST_MEMORY)])
            problem = f"damaged: with the SV at byte {at:,} the SVs take more bytes than any machine has"
            raise DumpError(self.path, problem, offset=at, hint=DAMAGED_HINT)
        return float(taken[-1]) if len(taken) else before

    def _extensions(self, noted: Noted) -> tuple[I32, U8, I64]:
        """(SV, type, offset) of each extension record about an SV that is in the dump."""
        sv = self.survey.addresses.ids(noted.extension_address)
        self._warn_of_extensions(sv, noted.extension_type)
        known = sv >= 0
        return sv[known], noted.extension_type[known], noted.extension_offset[known]

    def _padnames_from_arrays(self, elements: References, columns: Columns, names: tables.Interner) -> PadnameTable:
        """The names of lexicals that are the elements of arrays (perl before 5.22), each with its CODE as source."""
        usable = (columns.kind[elements.target] == Kind.SCALAR) & (elements.detail > 0)
        elements = elements.chosen(usable)
        starts = columns.offset[elements.target] + before_strings(self.layout, Kind.SCALAR) + self.layout.uint_size
        lengths = columns.length[elements.target]
        by_code: dict[int, list[tuple[int, bytes]]] = {}
        for code, index, start, length in zip(
            elements.source.tolist(), elements.detail.tolist(), starts.tolist(), lengths.tolist(), strict=True
        ):
            if length > 0:
                by_code.setdefault(code, []).append((index, bytes(self.data[start : start + length])))
        return tables.padnames_from_arrays([(code, sorted(by_code[code])) for code in sorted(by_code)], names)

    def _roots(self) -> tuple[Root, ...]:
        addresses = np.array([address for _, address in self.root_addresses], np.uint64)
        return tuple(
            Root(name, describe_root(name), sv, name not in WEAK_ROOTS and not name.startswith("-"))
            for (name, _), sv in zip(self.root_addresses, self.survey.addresses.ids(addresses).tolist(), strict=True)
            if sv >= 0
        )

    def _warn_of_extensions(self, sv: I32, types: U8) -> None:
        lost = int((sv < 0).sum())
        if lost:
            records = format_count(lost, "extension record")
            self.warnings.append(f"{records} about SVs that are not in the dump, skipped")
        counts = np.bincount(types)
        for kind in np.flatnonzero(counts).tolist():
            if kind not in list(Extension):
                count = int(counts[kind])
                self.warnings.append(f"{format_count(count, 'extension record')} of unknown type 0x{kind:02x}, skipped")

    def _warn_of_records(self) -> None:
        if twice := len(self.survey.replaced):
            self.warnings.append(f"{format_count(twice, 'SV')} dumped twice; the later record is used")
        for kind in np.flatnonzero(self.survey.kinds).tolist():
            if kind not in list(Kind):
                svs = format_count(int(self.survey.kinds[kind]), "SV")
                self.warnings.append(f"{svs} of unknown type 0x{kind:02x}: shown as UNKNOWN")


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
    loader = _Loader(heap.path, bytes(heap.data[0 : len(heap.data)]), progress)
    addresses = loader.survey.addresses
    found: list[Dangling] = []
    for first, piece in Records(loader.data, str(heap.path), loader.layout, loader.survey).pieces():
        rows = np.flatnonzero(addresses.ids(piece.ref_address) < 0)
        source = first + np.searchsorted(piece.ref_end, rows, side="right")
        columns = (source, piece.ref_kind[rows], piece.ref_detail[rows], piece.ref_address[rows])
        found += [
            Dangling(sv, RefKind(kind), detail, address)
            for sv, kind, detail, address in zip(*(column.tolist() for column in columns), strict=True)
        ]
    return found
