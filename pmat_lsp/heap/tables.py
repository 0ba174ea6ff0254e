"""The small tables of a heap: code, globs, file handles, stashes, names of lexicals, with their names interned."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import STASH_KINDS, Kind, PadnameFlag
from pmat_lsp.heap.addresses import Addresses
from pmat_lsp.heap.gather import Gatherer
from pmat_lsp.heap.model import CodeTable, ExtensionTable, GlobTable, IoTable, PadnameTable, StashTable
from pmat_lsp.heap.survey import Noted
from pmat_lsp.kernels import interning
from pmat_lsp.kernels import scan as kernel

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]

_SEED = int.from_bytes(os.urandom(8), "little")
"""Of hashes, which are forgotten; the numbers of strings do not depend on it."""


def decode_path(raw: bytes) -> str:
    """A file name from a dump: what is not UTF-8 becomes surrogate escapes, so that the file can be opened."""
    return raw.decode("utf-8", "surrogateescape")


def decode_name(raw: bytes) -> str:
    """A symbol, class, lexical or key: perl writes UTF-8, or Latin-1 where that is enough, and does not say which."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class Interner:
    """Strings by number; the same text has the same number."""

    def __init__(self, gather: Gatherer) -> None:
        self._data = gather.bytes
        self._gather = gather
        self._ids: dict[str, int] = {}

    @property
    def strings(self) -> tuple[str, ...]:
        """All of them, by number."""
        return tuple(self._ids)

    def add(self, text: str) -> int:
        """The number of a string."""
        return self._ids.setdefault(text, len(self._ids))

    def at(self, offsets: I64, decode: Callable[[bytes], str] = decode_name) -> I32:
        """int32: the number of the STR at each offset, -1 where it is null."""
        data, layout = self._data, self._gather.layout
        sizes = self._gather.uints(offsets)
        there = sizes != layout.null_length
        start = offsets[there] + layout.uint_size
        end = start + sizes[there].astype(np.int64)
        first = np.empty(len(start), np.int32)
        table = np.full(1 << (2 * len(start)).bit_length(), -1, np.int32)
        interning.first_equal(data, start, end, _SEED, table, first)
        distinct = np.flatnonzero(first == np.arange(len(first)))
        number = np.empty(len(first), np.int32)
        for at, begin, stop in zip(distinct.tolist(), start[distinct].tolist(), end[distinct].tolist(), strict=True):
            number[at] = self.add(decode(data[begin:stop].tobytes()))
        result = np.full(len(offsets), -1, np.int32)
        result[there] = number[first]
        return result


class TableReader:
    """Reads the fields of one kind of record for all SVs of that kind.

    Args:
        gather: of what the survey has copied.
        ids: of the dump.
        sv: int32[any], ascending: the SVs that the survey has listed.
        kind: uint8, of each.
        offset: int64, of each where its record starts in what `gather` reads.
    """

    def __init__(self, gather: Gatherer, ids: Addresses, sv: I32, kind: U8, offset: I64) -> None:
        self._gather = gather
        self._ids = ids
        self._sv = sv
        self._kind = kind
        self._offset = offset
        self._layout = gather.layout

    def _rows(self, *kinds: Kind) -> tuple[I32, I64]:
        """The SVs of these kinds, and where the headers of their own types start."""
        rows = np.isin(self._kind, kinds)
        header, pointers, _ = (int(x) for x in self._layout.type_sizes[0])
        return self._sv[rows], self._offset[rows] + 1 + header + pointers * self._layout.ptr_size

    def _pointers_at(self, start: I64, kind: Kind) -> I64:
        return start + int(self._layout.type_sizes[kind, 0])

    def _strings_at(self, start: I64, kind: Kind) -> I64:
        return self._pointers_at(start, kind) + int(self._layout.type_sizes[kind, 1]) * self._layout.ptr_size

    def _pointer(self, start: I64, kind: Kind, index: int) -> I32:
        if index >= int(self._layout.type_sizes[kind, 1]):
            return np.full(len(start), -1, np.int32)
        at = self._pointers_at(start, kind) + index * self._layout.ptr_size
        return self._ids.ids(self._gather.pointers(at))

    def _string(self, start: I64, kind: Kind, index: int, names: Interner, decode: Callable[[bytes], str]) -> I32:
        """int32: the numbers of one of the record's strings, -1 where the dump does not have it."""
        if index >= int(self._layout.type_sizes[kind, 2]):
            return np.full(len(start), -1, np.int32)
        at = self._strings_at(start, kind)
        for _ in range(index):
            at = self._gather.after_strings(at)
        return names.at(at, decode)

    def _has(self, kind: Kind, size: int) -> bool:
        return int(self._layout.type_sizes[kind, 0]) >= size

    def codes(self, names: Interner) -> CodeTable:
        """Every CODE."""
        svs, start = self._rows(Kind.CODE)
        gather, uint, ptr = self._gather, self._layout.uint_size, self._layout.ptr_size
        zero = np.zeros(len(svs), np.int64)
        after_flags = start + uint + 1
        return CodeTable(
            sv=svs,
            line=gather.signed(start) if self._has(Kind.CODE, uint) else zero,
            oproot=gather.pointers(after_flags) if self._has(Kind.CODE, uint + 1 + ptr) else zero.astype(np.uint64),
            depth=(
                gather.numbers(after_flags + ptr, 4).astype(np.int64)
                if self._has(Kind.CODE, uint + 1 + ptr + 4)
                else zero - 1
            ),
            file=self._string(start, Kind.CODE, 0, names, decode_path),
            name=self._string(start, Kind.CODE, 1, names, decode_name),
            stash=self._pointer(start, Kind.CODE, 0),
            glob=self._pointer(start, Kind.CODE, 1),
            outside=self._pointer(start, Kind.CODE, 2),
        )

    def code_flags(self) -> U8:
        """uint8: `CodeFlag` of every CODE."""
        _, start = self._rows(Kind.CODE)
        if not self._has(Kind.CODE, self._layout.uint_size + 1):
            return np.zeros(len(start), np.uint8)
        return self._gather.numbers(start + self._layout.uint_size, 1).astype(np.uint8)

    def globs(self, names: Interner) -> GlobTable:
        """Every GLOB."""
        svs, start = self._rows(Kind.GLOB)
        has_line = self._has(Kind.GLOB, self._layout.uint_size)
        name = self._string(start, Kind.GLOB, 0, names, decode_name)
        file = self._string(start, Kind.GLOB, 1, names, decode_path)
        line = self._gather.signed(start) if has_line else np.zeros(len(svs), np.int64)
        return GlobTable(svs, line, name, file, self._pointer(start, Kind.GLOB, 0))

    def ios(self) -> IoTable:
        """Every IO."""
        svs, start = self._rows(Kind.IO)
        if not self._has(Kind.IO, 2 * self._layout.uint_size):
            none = np.full(len(svs), -1, np.int64)
            return IoTable(svs, none, none)
        return IoTable(svs, self._gather.signed(start), self._gather.signed(start + self._layout.uint_size))

    def stashes(self, names: Interner) -> StashTable:
        """Every STASH and CLASS."""
        svs, start = self._rows(*STASH_KINDS)
        name = np.full(len(svs), -1, np.int32)
        for kind in STASH_KINDS:
            these = np.flatnonzero(self._kind[np.isin(self._kind, STASH_KINDS)] == kind)
            name[these] = self._string(start[these], kind, 0, names, decode_name)
        return StashTable(svs, name)


def padname_table(noted: Noted, ids_of_listed: I32, names: Interner) -> PadnameTable:
    """The names of lexicals from the parts of each CODE.

    Args:
        noted: of the dump.
        ids_of_listed: int32, the id of each SV that the survey has listed, -1 for one that a later record replaced.
        names: for the names.
    """
    named = _part_rows(noted, ids_of_listed, kernel.PART_PADNAME)
    code, index = ids_of_listed[noted.part_source[named]], noted.part_index[named]
    order = np.argsort(_key(code, index), kind="stable")
    named, code, index = named[order], code[order], index[order]
    flags = _part_values(noted, ids_of_listed, kernel.PART_PADNAME_FLAGS, code, index)
    has_field, field = _part_lookup(noted, ids_of_listed, kernel.PART_PADNAME_FIELD, code, index)
    flags = (flags & 0x7F) | np.where(has_field, int(PadnameFlag.FIELD), 0)
    name = names.at(noted.part_value[named])
    # perl gives the slots of constants a name of no length.
    known = (name >= 0) & (name != names.add(""))
    return PadnameTable(code[known], index[known], name[known], flags.astype(np.uint8)[known], field[known])


def _part_rows(noted: Noted, ids_of_listed: I32, part: int) -> npt.NDArray[np.intp]:
    rows = np.flatnonzero(noted.part_type == part)
    return rows[ids_of_listed[noted.part_source[rows]] >= 0]


def _key(code: I32, index: I64) -> npt.NDArray[np.object_] | U64:
    # 32 bits are enough for the index of a slot in a pad of a file that fits into memory.
    return (code.astype(np.uint64) << np.uint64(32)) | (index & 0xFFFFFFFF).astype(np.uint64)


def _part_lookup(
    noted: Noted, ids_of_listed: I32, part: int, code: I32, index: I64
) -> tuple[npt.NDArray[np.bool_], I64]:
    """Whether each (code, index) has such a part, and its value or 0."""
    rows = _part_rows(noted, ids_of_listed, part)
    result = np.zeros(len(code), np.int64)
    if not len(rows) or not len(code):
        return np.zeros(len(code), np.bool_), result
    keys = _key(ids_of_listed[noted.part_source[rows]], noted.part_index[rows])
    order = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys[order], _key(code, index))
    at[at == len(keys)] = 0
    found = keys[order][at] == _key(code, index)
    result[found] = noted.part_value[rows[order[at[found]]]]
    return found, result


def _part_values(noted: Noted, ids_of_listed: I32, part: int, code: I32, index: I64) -> I64:
    return _part_lookup(noted, ids_of_listed, part, code, index)[1]


def padnames_from_arrays(arrays: list[tuple[int, list[tuple[int, bytes]]]], names: Interner) -> PadnameTable:
    """The names of lexicals of an old perl (before 5.22), which kept them in arrays of strings.

    Args:
        arrays: (id of the CODE, [(index, name)]), sorted by id.
        names: for the names.
    """
    rows = [(code, index, names.add(decode_name(name))) for code, lexicals in arrays for index, name in lexicals]
    table = np.array(rows, np.int64).reshape(len(rows), 3)
    nothing = np.zeros(len(rows), np.int64)
    return PadnameTable(
        table[:, 0].astype(np.int32), table[:, 1], table[:, 2].astype(np.int32), nothing.astype(np.uint8), nothing
    )


def extension_table(sv: I32, kind: U8, offset: I64) -> ExtensionTable:
    """The extension records, by SV."""
    order = np.argsort(sv, kind="stable")
    return ExtensionTable(sv[order], kind[order], offset[order])


def class_fields(noted: Noted, ids_of_listed: I32, names: Interner) -> dict[int, dict[int, str]]:
    """The names of the fields of every CLASS, by id and index."""
    rows = _part_rows(noted, ids_of_listed, kernel.PART_CLASS_FIELD)
    numbers = names.at(noted.part_value[rows])
    strings = names.strings
    result: dict[int, dict[int, str]] = {}
    for row, number in zip(rows.tolist(), numbers.tolist(), strict=True):
        fields = result.setdefault(int(ids_of_listed[noted.part_source[row]]), {})
        fields[int(noted.part_index[row])] = strings[number] if number >= 0 else ""
    return result
