"""Runs the scan kernel over a dump and turns its status into an error that a person can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.errors import DumpError
from pmat_lsp.format.header import DAMAGED_HINT, TRUNCATED_HINT, Buffer, Layout
from pmat_lsp.format.kinds import HASH_KINDS, KIND_NAMES, Kind, RefKind
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.kernels import scan as kernel

MOST_ROWS = 2**31 - 1
"""What an int32 holds: of SVs with the immortals, and of references, there may be so many."""
_BYTES_AT_A_TIME = 16 << 20
"""After so many bytes the scan tells how far it is."""

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


@dataclass
class Records:
    """The columns that `kernels.scan.scan` fills, cut to length; its docstring describes them."""

    address: npt.NDArray[np.uint64]
    kind: npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]
    refcount: npt.NDArray[np.uint32]
    size: npt.NDArray[np.uint64]
    blessed: npt.NDArray[np.uint64]
    offset: npt.NDArray[np.int64]
    body: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    ref_source: npt.NDArray[np.int32]
    ref_target: npt.NDArray[np.uint64]
    ref_kind: npt.NDArray[np.uint8]
    ref_detail: npt.NDArray[np.int64]
    part_source: npt.NDArray[np.int32]
    part_type: npt.NDArray[np.uint8]
    part_index: npt.NDArray[np.int64]
    part_value: npt.NDArray[np.int64]
    extension_address: npt.NDArray[np.uint64]
    extension_type: npt.NDArray[np.uint8]
    extension_offset: npt.NDArray[np.int64]
    struct_offset: npt.NDArray[np.int64]
    struct_fields: npt.NDArray[np.int64]
    end: int
    """Offset behind the last record."""

    def release(self, name: str) -> npt.NDArray[Any]:
        """A column, which is let go here, so that its memory is free when the caller has copied it."""
        column: npt.NDArray[Any] = getattr(self, name)
        setattr(self, name, None)
        return column


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


def scan_records(data: Buffer, path: str, layout: Layout, start: int, progress: Progress = no_progress) -> Records:
    """Scan the heap section that starts at byte `start`.

    Raises:
        DumpError: the section ends in the middle of a record, or a record is of a kind that gives no size.
    """
    left = len(data) - start
    # Every row takes at least so many bytes of the file. Pages of an array that are never touched cost nothing.
    svs = left // (int(layout.type_sizes[0, 0]) + layout.ptr_size + 1) + 1
    refs = left // layout.ptr_size + 1
    parts = left // (layout.uint_size + 1) + 1
    extensions = left // (layout.ptr_size + 1) + 1
    columns: dict[str, Any] = {
        "address": np.empty(svs, np.uint64),
        "kind": np.empty(svs, np.uint8),
        "flags": np.empty(svs, np.uint8),
        "refcount": np.empty(svs, np.uint32),
        "size": np.empty(svs, np.uint64),
        "blessed": np.empty(svs, np.uint64),
        "offset": np.empty(svs, np.int64),
        "body": np.empty(svs, np.int64),
        "length": np.empty(svs, np.int64),
        "ref_source": np.empty(refs, np.int32),
        "ref_target": np.empty(refs, np.uint64),
        "ref_kind": np.empty(refs, np.uint8),
        "ref_detail": np.empty(refs, np.int64),
        "part_source": np.empty(parts, np.int32),
        "part_type": np.empty(parts, np.uint8),
        "part_index": np.empty(parts, np.int64),
        "part_value": np.empty(parts, np.int64),
        "extension_address": np.empty(extensions, np.uint64),
        "extension_type": np.empty(extensions, np.uint8),
        "extension_offset": np.empty(extensions, np.int64),
        "struct_offset": np.full(kernel.MAX_STRUCTS, -1, np.int64),
        "struct_fields": np.zeros(kernel.MAX_STRUCTS, np.int64),
    }
    result = np.zeros(12, np.int64)
    result[10] = start
    result[0] = kernel.MORE
    while result[0] == kernel.MORE:
        progress("reading", int(result[10]), len(data))
        kernel.scan(
            data,
            int(result[10]),
            int(result[10]) + _BYTES_AT_A_TIME,
            layout.big_endian,
            layout.uint_size,
            layout.ptr_size,
            layout.minor,
            layout.type_sizes,
            layout.type_count,
            layout.extension_sizes,
            layout.extension_count,
            pointer_kinds(),
            **columns,
            result=result,
        )
        check_rows(path, int(result[6]), int(result[7]))
    if result[0] != kernel.OK:
        raise _error(path, len(data), [int(x) for x in result])
    rows = {"ref": int(result[7]), "part": int(result[8]), "extension": int(result[9])}
    cut = {
        name: column if name.startswith("struct_") else column[: rows.get(name.partition("_")[0], int(result[6]))]
        for name, column in columns.items()
    }
    columns.clear()
    return Records(**cut, end=int(result[10]))


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
