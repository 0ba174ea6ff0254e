"""The heap of one dump as numpy columns.

An SV is a number, its **id**: 0 to n - 1 in the order of addresses. Three more ids, n to n + 2, are perl's immortals
`PL_sv_undef`, `PL_sv_yes` and `PL_sv_no`, which have no record and refer to nothing.

One row an SV (length n + 3); (p) packed and (s) sparse columns give this type when they are indexed; (d) a derived
column is made of others when it is first asked for:

========== ======= === =============================================================================================
address    uint64  (p) of the SV's head; sorted up to n; unique
kind       uint8       `format.kinds.Kind`
flags      uint8       FLAGS of a SCALAR, REF, ARRAY or CODE (`ScalarFlag`, `CodeFlag`); TYPE of an LVALUE; else 0
refcount   uint32  (p) SvREFCNT
size       uint64  (p) bytes, as the dumper measured them: the SV's own memory, nothing that it refers to
offset     int64   (p) byte in the dump where its record starts, -1 for an immortal
length     int64   (p) elements, entries or fields; of a SCALAR the bytes of its string in the dump, -1 without one
blessed    int32   (s) id of the stash it is blessed into, -1 for none
owner      int32   (s) of a PAD, PADNAMES or PADLIST: id of its CODE; else -1
========== ======= === =============================================================================================

References out (CSR: those of SV i are the rows out_start[i] to out_start[i + 1]):

============ ====== === ============================================================================================
out_start    int32      n + 4 entries
out_target   int32      id of the SV referred to
out_kind     uint8      `format.kinds.RefKind`: what it is
out_strength uint8      `format.kinds.Strength` bits
out_detail   int64  (p) index, offset of the key, … as `RefKind` says
out_source   int32  (d) id of the SV that a row belongs to
============ ====== === ============================================================================================

References in (CSR over the same rows): in_start int32[n + 4]; in_ref int32, row of the out_ columns, sorted by
target.

Tables of fewer rows, each sorted by its first column, are `codes`, `globs`, `ios`, `stashes`, `padnames`,
`extensions`: see their classes; `contexts` is in the order of the calls. Names in them are ids of `strings` (-1: none).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.dumpfile import DumpFile
from pmat_lsp.format.header import Buffer, Layout
from pmat_lsp.format.kinds import Kind, PadnameFlag
from pmat_lsp.heap.addresses import Addresses
from pmat_lsp.heap.packed import Packed
from pmat_lsp.heap.sparse import Sparse
from pmat_lsp.heap.strings import Strings

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class CodeTable:
    """One row a CODE."""

    sv: I32
    line: I64
    """1-based line of the first statement; 0 for an XSUB or a constant."""
    oproot: U64
    """Address of its op tree: the same for a prototype and all its clones; 0 for an XSUB."""
    depth: I64
    """How many calls of it are running; -1 where the dump does not say."""
    file: I32
    name: I32
    """Its name where perl keeps one in the CODE itself (lexical subs, subs without a glob)."""
    stash: I32
    """SV id or -1; likewise the next two."""
    glob: I32
    outside: I32


@dataclass(frozen=True, eq=False, repr=False)
class GlobTable:
    """One row a GLOB."""

    sv: I32
    line: I64
    """1-based, where it was first seen."""
    name: I32
    file: I32
    stash: I32
    """SV id or -1. Of a glob that has left the symbol table too."""


@dataclass(frozen=True, eq=False, repr=False)
class IoTable:
    """One row an IO."""

    sv: I32
    ifileno: I64
    """The file number for input, -1 for none."""
    ofileno: I64
    """The file number for output, -1 for none."""


@dataclass(frozen=True, eq=False, repr=False)
class StashTable:
    """One row a STASH or CLASS."""

    sv: I32
    name: I32


@dataclass(frozen=True, eq=False, repr=False)
class PadnameTable:
    """One row a named slot in the pads of a CODE, sorted by CODE, then index."""

    code: I32
    """SV id."""
    index: I64
    """Index into the pad, 1 and up."""
    name: I32
    """With its sigil."""
    flags: U8
    """`PadnameFlag`."""
    field: I64
    """Index of the object's field where FIELD is set, else 0."""

    def rows_of(self, code: int) -> slice:
        """The rows of one CODE."""
        # With numbers of another type numpy would copy the whole column for each search.
        return slice(*self.code.searchsorted(np.array([code, code + 1], self.code.dtype)))

    def names_of(self, code: I32, index: I64) -> I32:
        """int32: the names of many slots, each of a CODE and an index; -1 for those without one."""
        slots = (self.code.astype(np.int64) << 32) | self.index
        wanted = (code.astype(np.int64) << 32) | index
        at = np.searchsorted(slots, wanted)
        found = np.append(slots, -1)[at] == wanted
        return np.where(found, np.append(self.name, np.int32(-1))[at], np.int32(-1)).astype(np.int32)


@dataclass(frozen=True, eq=False, repr=False)
class ExtensionTable:
    """One row an extension record about an SV of the dump, sorted by SV."""

    sv: I32
    type: U8
    """`format.kinds.Extension`, or a type that this reader does not know."""
    offset: I64
    """Byte in the dump where its header starts."""


@dataclass(frozen=True)
class Root:
    """A place outside the heap from which perl reaches an SV."""

    name: str
    """The name in the dump: `defstash`; `stack`, `context` or `mortal` for the unnamed ones."""
    description: str
    sv: int
    strong: bool


@dataclass(frozen=True, eq=False, repr=False)
class ContextTable:
    """One row a running call, `try` or `eval`, the innermost first; ids are -1 where there is none."""

    kind: U8
    """`format.kinds.ContextKind`."""
    gimme: U8
    """1 void, 2 scalar, 3 list."""
    file: I32
    """Of the caller; an empty name where the dump has none."""
    line: I64
    """1-based, of the caller."""
    code: I32
    """SUB: the CODE that is running. EVAL: the SV that holds the text."""
    arguments: I32
    """SUB: the `@_` array, where the dump has it."""
    old_depth: I64
    """SUB: depth of the CODE's recursion outside this call, -1 where the dump does not have it."""

    @property
    def svs(self) -> I32:
        """int32: all SVs that they hold, one entry a reference."""
        held = np.stack((self.code, self.arguments), axis=1).ravel()
        return held[held >= 0]


@dataclass(frozen=True)
class StructType:
    """A C structure that an XS module described."""

    name: str
    fields: tuple[tuple[str, int], ...]
    """(name, `StructFieldKind`)."""


class Shown(Enum):
    """What of the values and keys in a dump may be shown; `heap.privacy` decides it for each."""

    EVERYTHING = "everything"
    NO_SECRETS = "no secrets"
    """Of a likely secret only its length."""
    NO_VALUES = "no values"
    """Of any value, and of any key that is data, only its kind and length."""


@dataclass(frozen=True, eq=False, repr=False)
class Heap:
    """A dump, read. The module's docstring describes every array."""

    path: Path
    layout: Layout
    data: Buffer | DumpFile
    n: int
    address: Addresses
    kind: U8
    flags: U8
    refcount: Packed[np.uint32]
    size: Packed[np.uint64]
    offset: Packed[np.int64]
    length: Packed[np.int64]
    blessed: Sparse
    owner: Sparse
    out_start: I32
    out_target: I32
    out_kind: U8
    out_strength: U8
    out_detail: Packed[np.int64]
    in_start: I32
    in_ref: I32
    codes: CodeTable
    globs: GlobTable
    ios: IoTable
    stashes: StashTable
    padnames: PadnameTable
    extensions: ExtensionTable
    contexts: ContextTable
    strings: Strings
    struct_types: dict[int, StructType]
    roots: tuple[Root, ...]
    stack: I32
    mortals: I32
    class_fields: dict[int, dict[int, str]]
    """CLASS id → index of the field → its name."""
    warnings: tuple[str, ...]
    """What was skipped or odd; shown once, never fatal."""
    replaced: int
    """Records of SVs in the file that nobody reads, since a later one has the same address."""
    shown: Shown = Shown.NO_SECRETS

    @cached_property
    def out_source(self) -> I32:
        """See the module's docstring; for a few rows, `sources` does without the column."""
        return np.repeat(np.arange(self.n + 3, dtype=np.int32), np.diff(self.out_start))

    @property
    def objects(self) -> I32:
        """int32: the ids of all SVs that are blessed, in ascending order."""
        svs: I32 = self.blessed.row[: self.blessed.row.searchsorted(np.int32(self.n))]
        return svs

    def sources(self, rows: npt.NDArray[np.integer[Any]]) -> I32:
        """int32: the SVs that rows of the out_ columns belong to."""
        return (np.searchsorted(self.out_start, rows.astype(np.int32), side="right") - 1).astype(np.int32)

    @property
    def bytes(self) -> int:
        """Bytes of all SVs."""
        return int(self.size[: self.n].sum())

    def id_at(self, address: int) -> int:
        """The id of the SV at `address`, -1 if there is none."""
        if not 0 < address < 1 << 64:
            return -1
        return int(self.address.ids(np.array([address], np.uint64))[0])

    def address_of(self, sv: int) -> int:
        """The address of an SV."""
        return int(self.address[sv])

    def out_rows(self, sv: int) -> range:
        """The rows of the out_ columns that belong to an SV."""
        return range(int(self.out_start[sv]), int(self.out_start[sv + 1]))

    def references_of(self, sv: int) -> Iterator[tuple[int, int, int]]:
        """(kind, detail, target) of each reference of an SV with few: all are copied at once."""
        rows = slice(int(self.out_start[sv]), int(self.out_start[sv + 1]))
        columns = (self.out_kind, self.out_detail, self.out_target)
        return zip(*(column[rows].tolist() for column in columns), strict=True)

    def in_rows(self, sv: int) -> I32:
        """The rows of the out_ columns that refer to an SV."""
        return self.in_ref[self.in_start[sv] : self.in_start[sv + 1]]

    def ids_of(self, *kinds: Kind) -> npt.NDArray[np.intp]:
        """The ids of all SVs of these kinds."""
        return np.flatnonzero(np.isin(self.kind[: self.n], kinds))

    def string(self, string_id: int) -> str | None:
        """A name of one of the tables."""
        return None if string_id < 0 else self.strings[string_id]

    @cached_property
    def main_code(self) -> int:
        """The id of the CODE that is the main program, -1 where the dump does not say."""
        return next((root.sv for root in self.roots if root.name == "main_cv"), -1)

    @cached_property
    def _stash_names(self) -> dict[int, str | None]:
        """The packages by id: few, and asked for again and again."""
        return {
            stash: self.string(name)
            for stash, name in zip(self.stashes.sv.tolist(), self.stashes.name.tolist(), strict=True)
        }

    def stash_name(self, stash: int) -> str | None:
        """The package that a STASH or CLASS is, None if it is none or has lost its name."""
        return self._stash_names.get(stash)

    def class_of(self, sv: int) -> str | None:
        """The package that an SV is blessed into, None if it is not."""
        return self.stash_name(int(self.blessed[sv]))

    def padname(self, code: int, index: int) -> str | None:
        """The name of one slot in the pads of a CODE."""
        rows = self.padnames.rows_of(code)
        row = rows.start + int(np.searchsorted(self.padnames.index[rows], index))
        return self.string(int(self.padnames.name[row])) if self._is_padname(row, rows, index) else None

    def padname_flags(self, code: int, index: int) -> PadnameFlag:
        """The flags of one slot in the pads of a CODE, 0 where it has no name."""
        rows = self.padnames.rows_of(code)
        row = rows.start + int(np.searchsorted(self.padnames.index[rows], index))
        return PadnameFlag(int(self.padnames.flags[row]) if self._is_padname(row, rows, index) else 0)

    def _is_padname(self, row: int, rows: slice, index: int) -> bool:
        return row < rows.stop and int(self.padnames.index[row]) == index
