"""The first pass over a dump: what there is and where, and what is wrong with a damaged one, in plain words."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.errors import DumpError
from pmat_lsp.format.container import forget
from pmat_lsp.format.header import DAMAGED_HINT, TRUNCATED_HINT, Buffer, Layout
from pmat_lsp.format.kinds import HASH_KINDS, KIND_NAMES, Kind, RefKind
from pmat_lsp.heap.addresses import Addresses
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.kernels import scan as kernel

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]

MOST_ROWS = 2**31 - 1
"""What an int32 holds: of SVs with the immortals, and of references, there may be so many."""
BYTES_AT_A_TIME = 16 << 20
"""After so many bytes a pass tells how far it is, and lets the pages go that it has read."""
_ROOM = 1 << 16
"""Rows of what the survey notes at a time."""

_GLOB_POINTERS = (
    RefKind.NONE,
    RefKind.GLOB_SCALAR,
    RefKind.GLOB_ARRAY,
    RefKind.GLOB_HASH,
    RefKind.GLOB_CODE,
    RefKind.GLOB_EGV,
    RefKind.GLOB_IO,
    RefKind.GLOB_FORM,
)
_STASH_POINTERS = (
    RefKind.BACKREFS,
    RefKind.MRO_LINEAR_ALL,
    RefKind.MRO_LINEAR_CURRENT,
    RefKind.MRO_NEXT_METHOD,
    RefKind.MRO_ISA,
)
_CODE_POINTERS = (
    RefKind.CODE_STASH,
    RefKind.CODE_GLOB,
    RefKind.CODE_OUTSIDE,
    RefKind.CODE_PADLIST,
    RefKind.CODE_CONSTVAL,
)

POINTERS: dict[Kind, tuple[RefKind, ...]] = {
    Kind.GLOB: _GLOB_POINTERS,
    Kind.SCALAR: (RefKind.OUR_STASH,),
    Kind.REF: (RefKind.REFERENT, RefKind.OUR_STASH),
    Kind.HASH: (RefKind.BACKREFS,),
    Kind.STASH: _STASH_POINTERS,
    Kind.CLASS: (*_STASH_POINTERS, RefKind.ADJUST_BLOCKS),
    Kind.CODE: _CODE_POINTERS,
    Kind.IO: (RefKind.IO_TOP, RefKind.IO_FORMAT, RefKind.IO_BOTTOM),
    Kind.LVALUE: (RefKind.LVALUE_TARGET,),
}
"""What each pointer of a record is, in the order of the file."""


@dataclass(frozen=True, eq=False, repr=False)
class Survey:
    """What `kernels.scan.survey` notes; its docstring describes the columns.

    The runs stand in the order of addresses, the SVs of one being those from `run_start` on.
    """

    addresses: Addresses
    run_start: I32
    run_offset: I64
    run_svs: I32
    run_references: I64
    struct_name: I64
    struct_offset: I64
    struct_fields: I64
    kinds: I64
    """int64[256], how many SVs of each TYPE there are."""
    replaced: I64
    """int64[any], ascending: where the records start that a later record of the same address replaces."""
    end: int
    """Offset behind the last record."""


@dataclass(frozen=True, eq=False, repr=False)
class Noted:
    """The few records that need a second look: see `kernels.scan.survey`."""

    listed_address: U64
    listed_kind: U8
    listed_offset: I64
    listed_copy: I64
    part_source: I32
    part_type: U8
    part_index: I64
    part_value: I64
    extension_address: U64
    extension_type: U8
    extension_offset: I64
    copied: U8


def check_rows(path: str, svs: int, references: int) -> None:
    """See to it that ids of SVs and rows of references fit into the int32 that the columns have for them.

    Raises:
        DumpError: there are more.
    """
    # The immortals have ids too.
    for count, most, things in ((svs, MOST_ROWS - 3, "SVs"), (references, MOST_ROWS, "references")):
        if count > most:
            problem = f"too large: it has more than {most:,} {things}, which is as many as can be numbered"
            raise DumpError(path, problem, hint="Dump the program earlier, while its heap is smaller.")


def pointer_kinds() -> npt.NDArray[np.uint8]:
    """uint8[256, 16]: the RefKind of each pointer of each type of record, 0 for none."""
    table = np.zeros((256, 16), np.uint8)
    for kind, refs in POINTERS.items():
        table[kind, : len(refs)] = refs
    return table


def survey_records(
    data: Buffer, path: str, layout: Layout, start: int, immortals: U64, progress: Progress = no_progress
) -> tuple[Survey, Noted]:
    """Walk the heap section that starts at byte `start`.

    Args:
        data: the whole dump.
        path: of the dump, for errors.
        layout: of the dump.
        start: offset of the first record.
        immortals: uint64[3], addresses.
        progress: told how far it is.

    Raises:
        DumpError: the section ends in the middle of a record, a record is of a kind that gives no size, or there are
            more SVs than can be numbered.
    """
    # perl aligns an SV as a pointer. Where one is not (nobody has seen it yet), any address will do.
    for alignment in (layout.ptr_size.bit_length() - 1, 0):
        with suppress(_Unaligned):
            found = _Surveyor(data, path, layout, alignment).survey(start, apart=False, progress=progress)
            surveyed = _in_order(found, alignment, immortals)
            if surveyed is not None:
                return surveyed
            # Runs that overlap, or an SV that was dumped twice: every SV becomes a run of its own.
            found = _Surveyor(data, path, layout, alignment).survey(start, apart=True, progress=progress)
            return _apart(found, alignment, immortals)
    raise AssertionError("an alignment of 0 bits suits any address")


class _Unaligned(Exception):
    """An address is no multiple of what was expected."""


class _Surveyor:
    """Runs the kernel piece by piece, and puts the pieces together."""

    def __init__(self, data: Buffer, path: str, layout: Layout, alignment: int) -> None:
        self._data = data
        self._path = path
        self._layout = layout
        self._alignment = alignment
        self._pieces: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in _DTYPES}
        self._listed = self._copied = 0
        self._whole: dict[str, Any] = {
            "struct_name": np.full(kernel.MAX_STRUCTS, -1, np.int64),
            "struct_offset": np.full(kernel.MAX_STRUCTS, -1, np.int64),
            "struct_fields": np.zeros(kernel.MAX_STRUCTS, np.int64),
            "kinds": np.zeros(256, np.int64),
        }

    def survey(self, start: int, apart: bool, progress: Progress) -> dict[str, Any]:
        """The columns by name, in the order of the file, and `end`."""
        layout, size = self._layout, len(self._data)
        result = np.zeros(13, np.int64)
        result[0], result[12] = kernel.MORE, start
        room = _ROOM
        buffers = _buffers(room)
        stop = start
        while result[0] in (kernel.MORE, kernel.FULL):
            begin = int(result[12])
            if begin >= stop:
                progress("reading", begin, size)
                forget(self._data)
                stop = begin + BYTES_AT_A_TIME
            kernel.survey(
                self._data,
                begin,
                stop,
                layout.big_endian,
                layout.uint_size,
                layout.ptr_size,
                layout.minor,
                layout.type_sizes,
                layout.type_count,
                layout.extension_sizes,
                layout.extension_count,
                pointer_kinds(),
                self._alignment,
                apart,
                **buffers,
                **self._whole,
                result=result,
            )
            self._keep(buffers, result)
            if result[0] == kernel.FULL and int(result[12]) == begin:
                # One record says more than there is room for.
                room *= 4
                buffers = _buffers(room)
        if result[0] == kernel.UNALIGNED:
            raise _Unaligned
        if result[0] != kernel.OK:
            raise _error(self._path, size, [int(x) for x in result])
        check_rows(self._path, int(self._whole["kinds"].sum()), 0)
        joined: dict[str, Any] = {name: _joined(self._pieces.pop(name)) for name in _DTYPES}
        return {**joined, **self._whole, "end": int(result[12])}

    def _keep(self, buffers: dict[str, npt.NDArray[Any]], result: npt.NDArray[np.int64]) -> None:
        rows = dict(zip(("word", "run", "listed", "part", "extension", "copied"), result[6:12].tolist(), strict=True))
        for name, buffer in buffers.items():
            self._pieces[name].append(buffer[: rows[name.partition("_")[0]]].copy())
        # Numbers of rows of this piece become numbers of rows of all.
        self._pieces["part_source"][-1] += self._listed
        names = np.isin(self._pieces["part_type"][-1], (kernel.PART_PADNAME, kernel.PART_CLASS_FIELD))
        self._pieces["part_value"][-1][names] += self._copied
        self._pieces["listed_copy"][-1] += self._copied
        self._listed += rows["listed"]
        self._copied += rows["copied"]


_DTYPES: dict[str, type[np.integer[Any]]] = {
    "word_key": np.uint64,
    "word_bits": np.uint64,
    "run_first": np.uint64,
    "run_last": np.uint64,
    "run_offset": np.int64,
    "run_svs": np.int32,
    "run_references": np.int64,
    "listed_address": np.uint64,
    "listed_kind": np.uint8,
    "listed_offset": np.int64,
    "listed_copy": np.int64,
    "part_source": np.int32,
    "part_type": np.uint8,
    "part_index": np.int64,
    "part_value": np.int64,
    "extension_address": np.uint64,
    "extension_type": np.uint8,
    "extension_offset": np.int64,
    "copied": np.uint8,
}
"""What the survey notes, a row at a time."""


def _buffers(room: int) -> dict[str, Any]:
    """For so many rows, and some bytes of each."""
    return {name: np.empty(room * 64 if name == "copied" else room, dtype) for name, dtype in _DTYPES.items()}


def _joined(pieces: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The pieces one after the other; each is let go as soon as it is copied."""
    whole = np.empty(sum(map(len, pieces)), pieces[0].dtype)
    behind = len(whole)
    while pieces:
        piece = pieces.pop()
        behind -= len(piece)
        whole[behind : behind + len(piece)] = piece
    return whole


def _in_order(found: dict[str, Any], alignment: int, immortals: U64) -> tuple[Survey, Noted] | None:
    """The survey with its runs in the order of addresses; None where runs overlap."""
    order = np.argsort(found["run_first"], kind="stable")
    if (found["run_first"][order[1:]] <= found["run_last"][order[:-1]]).any():
        return None
    return _survey(found, order, np.zeros(0, np.int64), alignment, immortals)


def _apart(found: dict[str, Any], alignment: int, immortals: U64) -> tuple[Survey, Noted]:
    """The survey of runs of one SV each: of those of one address the last in the file counts, as in Devel::MAT."""
    first = found["run_first"]
    order = np.argsort(first, kind="stable")
    last = np.ones(len(order), np.bool_)
    last[:-1] = first[order[1:]] != first[order[:-1]]
    return _survey(found, order[last], np.sort(found["run_offset"][order[~last]]), alignment, immortals)


def _survey(
    found: dict[str, Any], order: npt.NDArray[np.intp], replaced: I64, alignment: int, immortals: U64
) -> tuple[Survey, Noted]:
    runs = {name: found[name][order] for name in ("run_offset", "run_svs", "run_references")}
    start = np.zeros(len(order), np.int64)
    np.cumsum(runs["run_svs"][:-1], out=start[1:])
    addresses = Addresses.of_words(found["word_key"], found["word_bits"], alignment, immortals)
    whole = {name: found[name] for name in ("struct_name", "struct_offset", "struct_fields", "kinds", "end")}
    survey = Survey(addresses=addresses, run_start=start.astype(np.int32), **runs, **whole, replaced=replaced)
    return survey, Noted(**{field.name: found[field.name] for field in fields(Noted)})


def _error(path: str, size: int, result: list[int]) -> DumpError:
    status, record, kind, count, needed, at = result[:6]
    if status == kernel.TRUNCATED:
        problem = (
            f"truncated: {_record_name(record, kind, count)} needs {needed:,} bytes from byte {at:,} on, "
            f"{size - at:,} are left"
        )
        return DumpError(path, problem, offset=record, hint=TRUNCATED_HINT)
    found = {
        kernel.UNKNOWN_TYPE: f"an SV of type 0x{kind:02x}, which the header gives no size for",
        kernel.UNKNOWN_EXTENSION: f"an extension of type 0x{kind:02x}, which the header gives no size for",
        kernel.UNKNOWN_CODE_PART: f"a part of type {needed} in the CODE at byte {record:,}; expected 0 to 10",
        kernel.UNKNOWN_CLASS_PART: f"a part of type {needed} in the CLASS at byte {record:,}; expected 0 or 1",
        kernel.UNKNOWN_STRUCT: "a C structure whose type has not been defined before it",
        kernel.UNKNOWN_STRUCT_FIELD: f"a field of type {needed} of a C structure; expected 0 to 4",
    }[status]
    return DumpError(path, f"damaged: at byte {at:,} found {found}", offset=at, hint=DAMAGED_HINT)


def _record_name(record: int, kind: int, count: int) -> str:
    if kind == 0:
        return f"the list of SVs, not ended at byte {record:,},"
    if 0x80 <= kind < 0xFF:
        return f"the record at byte {record:,} (extension 0x{kind:02x})"
    name = KIND_NAMES.get(kind, f"type 0x{kind:02x}")
    if count < 0:
        return f"the record at byte {record:,} ({name})"
    things = {Kind.C_STRUCT: "fields", Kind.OBJECT: "fields"} | dict.fromkeys(HASH_KINDS, "entries")
    return f"the record at byte {record:,} ({name}, {count:,} {things.get(Kind(kind), 'elements')})"
