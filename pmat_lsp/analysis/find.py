"""SVs that match what is looked for: by value, name, class, file number, magic.

A filter takes the SVs that the filters before it left, and says of those that it keeps what it found. One of them,
`LexicalFilter`, looks at pads and goes on with the variables in them, as Devel::MAT's does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import CodeFlag, Extension, Kind, RefKind, ScalarFlag
from pmat_lsp.heap.bodies import text_starts
from pmat_lsp.heap.describe import code_row
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.magic import Magic, magics_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described, struct_name
from pmat_lsp.heap.numbers import scalar_numbers
from pmat_lsp.heap.pads import pads_of
from pmat_lsp.heap.privacy import hidden_value
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.symbols import symbol_names
from pmat_lsp.heap.valued import number_text, string_text
from pmat_lsp.heap.values import scalar_value

I32 = npt.NDArray[np.int32]
Rows = npt.NDArray[np.intp]
_OFTEN = 4096
"""After so many SVs that are looked at one by one, progress is told."""
_MAGIC = (Extension.MAGIC, Extension.MAGIC2)
_COLUMNS = (Column("sv", Unit.SV), Column("is", Unit.TEXT), Column("found", Unit.TEXT))


@dataclass(frozen=True)
class Kept:
    """What a filter left."""

    rows: Rows
    """Which of the SVs that it was given, in their order; one more than once where it matches more than once."""
    svs: I32
    """Of each row the SV that the next filter is given: the same one, or the variable that was found in it."""
    tell: Callable[[int], str]
    """What was found in row i of these."""


class Filter(Protocol):
    """One thing that is looked for."""

    def keep(self, heap: Heap, svs: I32, progress: Progress) -> Kept:
        """Those of some SVs that match."""


@dataclass(frozen=True, slots=True)
class NumFilter:
    """SCALARs with a number: an NV, or an integer where there is no NV or the NV is only its rounding."""

    value: int | float | None = None
    """Exactly this one."""
    iv: bool = True
    uv: bool = True
    nv: bool = True

    def keep(self, heap: Heap, svs: I32, progress: Progress) -> Kept:
        """Those of some SVs that match."""
        flags = heap.flags[svs].astype(np.int64)
        scalar = heap.kind[svs] == Kind.SCALAR
        unsigned = (flags & ScalarFlag.IS_UV) != 0
        whole = scalar & ((flags & ScalarFlag.IV) != 0) & np.where(unsigned, self.uv, self.iv)
        real = scalar & ((flags & ScalarFlag.NV) != 0) & self.nv
        rows = np.flatnonzero(whole | real)
        integers, numbers = scalar_numbers(heap, svs[rows], progress)
        whole, real, unsigned = whole[rows], real[rows], unsigned[rows]
        if self.value is not None:
            as_float = np.where(unsigned, integers.view(np.uint64).astype(np.float64), integers.astype(np.float64))
            by_integer = whole & (~real | (as_float == numbers))
            hit = np.where(by_integer, _equal(integers, unsigned, self.value), numbers == float(self.value))
            rows, integers, numbers = rows[hit], integers[hit], numbers[hit]
            real, unsigned = real[hit], unsigned[hit]

        def tell(row: int) -> str:
            sv = int(svs[rows[row]])
            if hidden := hidden_value(heap, sv, scalar_value(heap, sv)):
                return hidden
            if real[row]:
                return number_text(float(numbers[row]))
            return str(int(integers.view(np.uint64)[row] if unsigned[row] else integers[row]))

        return Kept(rows, svs[rows], tell)


def _equal(
    integers: npt.NDArray[np.int64], unsigned: npt.NDArray[np.bool_], value: int | float
) -> npt.NDArray[np.bool_]:
    """bool: which of some integers, or unsigned ones of the same bits, are exactly a number."""
    if isinstance(value, float):
        if not value.is_integer():
            return np.zeros(len(integers), np.bool_)
        value = int(value)
    signed = integers == value if -(1 << 63) <= value < 1 << 63 else np.zeros(len(integers), np.bool_)
    as_unsigned = integers.view(np.uint64) == value if 0 <= value < 1 << 64 else np.zeros(len(integers), np.bool_)
    return np.where(unsigned, as_unsigned, signed)


@dataclass(frozen=True, slots=True)
class PvFilter:
    """SCALARs with a string in which a pattern is found, as far as the dump has the string."""

    pattern: re.Pattern[str]

    def keep(self, heap: Heap, svs: I32, progress: Progress) -> Kept:
        """Those of some SVs that match."""
        flags = heap.flags[svs]
        rows = np.flatnonzero(
            (heap.kind[svs] == Kind.SCALAR) & ((flags & ScalarFlag.PV) != 0) & (heap.length[svs] >= 0)
        )
        start, length = text_starts(heap, svs[rows]), heap.length[svs[rows]]
        utf8 = (flags[rows] & ScalarFlag.UTF8) != 0
        search, data, hits = self.pattern.search, heap.data, []
        # In the order of the file, which is read in blocks.
        for done, row in enumerate(np.argsort(start, kind="stable").tolist()):
            if done % _OFTEN == 0:
                progress("strings", done, len(rows))
            raw = data[int(start[row]) : int(start[row]) + int(length[row])]
            if search(bytes(raw).decode("utf-8", "ignore") if utf8[row] else bytes(raw).decode("latin-1")):
                hits.append(row)
        rows = rows[np.sort(np.array(hits, np.intp))]
        found = svs[rows]

        def tell(row: int) -> str:
            value = scalar_value(heap, sv := int(found[row]))
            return hidden_value(heap, sv, value) or string_text(value)

        return Kept(rows, found, tell)


@dataclass(frozen=True, slots=True)
class CvFilter:
    """CODEs."""

    xsub: bool = False
    """Only those written in C."""
    package: str | None = None
    """Only those that were named, or for anonymous ones compiled, in this package."""
    file: str | None = None
    """Only those of this file, as perl recorded its name."""

    def keep(self, heap: Heap, svs: I32, progress: Progress) -> Kept:
        """Those of some SVs that match."""
        rows = np.flatnonzero(heap.kind[svs] == Kind.CODE)
        at = np.searchsorted(heap.codes.sv, svs[rows])
        hit = np.ones(len(rows), np.bool_)
        if self.xsub:
            hit &= (heap.flags[svs[rows]] & CodeFlag.XSUB) != 0
        if self.file is not None:
            names = [i for i, name in enumerate(heap.strings) if name == self.file]
            hit &= np.isin(heap.codes.file[at], names)
        if self.package is not None:
            hit &= np.array([_package(heap, int(sv)) == self.package for sv in svs[rows]], np.bool_)
        rows = rows[hit]
        found = svs[rows]
        return Kept(rows, found, lambda row: _name(heap, int(found[row])))


def _name(heap: Heap, code: int) -> str:
    """The name that it was given, else one that a glob has for it."""
    names = symbol_names(heap, code)
    anonymous = names[0] if names else "__ANON__"
    return next((name for name in names if not name.endswith("::__ANON__")), anonymous)


def _package(heap: Heap, code: int) -> str | None:
    row = code_row(heap, code)
    glob = int(heap.codes.glob[row])
    if 0 <= glob < heap.n and heap.kind[glob] == Kind.GLOB:
        return heap.stash_name(int(heap.globs.stash[int(np.searchsorted(heap.globs.sv, glob))]))
    return heap.stash_name(int(heap.codes.stash[row]))


@dataclass(frozen=True, slots=True)
class IoFilter:
    """File handles."""

    fileno: int | None = None
    """Only those that are open for this file number."""

    def keep(self, heap: Heap, svs: I32, progress: Progress) -> Kept:
        """Those of some SVs that match."""
        rows = np.flatnonzero(heap.kind[svs] == Kind.IO)
        at = np.searchsorted(heap.ios.sv, svs[rows])
        if self.fileno is not None:
            hit = (heap.ios.ifileno[at] == self.fileno) | (heap.ios.ofileno[at] == self.fileno)
            rows, at = rows[hit], at[hit]
        return Kept(
            rows, svs[rows], lambda row: f"ifileno={heap.ios.ifileno[at[row]]} ofileno={heap.ios.ofileno[at[row]]}"
        )


@dataclass(frozen=True, slots=True)
class BlessedFilter:
    """SVs that are blessed into a package."""

    package: str

    def keep(self, heap: Heap, svs: I32, progress: Progress) -> Kept:
        """Those of some SVs that match."""
        stashes = [sv for sv in heap.stashes.sv.tolist() if heap.stash_name(sv) == self.package]
        rows = np.flatnonzero(np.isin(heap.blessed[svs], stashes))
        return Kept(rows, svs[rows], lambda _: self.package)


@dataclass(frozen=True, slots=True)
class LexicalFilter:
    """Lexical variables of a name; what is kept is the variables, what is given is the pads that they are in."""

    name: str
    """With its sigil."""
    inactive: bool = False
    """Also those of calls that are not running: captured variables, and what subs keep for their next call."""

    def keep(self, heap: Heap, svs: I32, progress: Progress) -> Kept:
        """Those of some SVs that match."""
        names = heap.padnames
        wanted = {name for name in distinct(names.name).tolist() if heap.string(name) == self.name}
        named = np.isin(names.name, list(wanted))
        slots = _keys(names.code[named], names.index[named])
        lexicals = np.flatnonzero(heap.out_kind == RefKind.PAD_LEXICAL)
        codes = heap.owner[heap.out_source[lexicals]]
        lexicals = lexicals[np.isin(_keys(codes, heap.out_detail[lexicals]), slots)]
        by_pad: dict[int, list[int]] = {}
        for row in lexicals.tolist():
            by_pad.setdefault(int(heap.out_source[row]), []).append(int(heap.out_target[row]))
        given = np.flatnonzero(np.isin(svs, list(by_pad)))
        found: list[tuple[int, int, str]] = []
        for done, row in enumerate(given.tolist()):
            if done % _OFTEN == 0:
                progress("pads", done, len(given))
            pad = int(svs[row])
            code = int(heap.owner[pad])
            depth = pads_of(heap, code).index(pad) + 1
            running = depth <= int(heap.codes.depth[code_row(heap, code)])
            if running or self.inactive:
                where = f"{self.name} at depth {depth}{'' if running else ' [inactive]'} of {described(heap, code)}"
                found += [(row, variable, where) for variable in by_pad[pad]]
        rows = np.array([row for row, _, _ in found], np.intp)
        return Kept(rows, np.array([variable for _, variable, _ in found], np.int32), lambda row: found[row][2])


def _keys(code: I32, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return (code.astype(np.int64) << 32) | index


@dataclass(frozen=True, slots=True)
class StructFilter:
    """C structures of a type."""

    name: str

    def keep(self, heap: Heap, svs: I32, progress: Progress) -> Kept:
        """Those of some SVs that match."""
        candidates = np.flatnonzero(heap.kind[svs] == Kind.C_STRUCT)
        hit = [row for row in candidates.tolist() if struct_name(heap, int(svs[row])) == self.name]
        rows = np.array(hit, np.intp)
        return Kept(rows, svs[rows], lambda _: self.name)


@dataclass(frozen=True, slots=True)
class MagicFilter:
    """SVs with magic."""

    table: int | None = None
    """Only magic whose functions are those of the table at this address."""

    def keep(self, heap: Heap, svs: I32, progress: Progress) -> Kept:
        """Those of some SVs that match."""
        magical = heap.extensions.sv[np.isin(heap.extensions.type, _MAGIC)]
        candidates = np.flatnonzero(np.isin(svs, magical))
        found: list[tuple[int, Magic]] = []
        for done, row in enumerate(candidates.tolist()):
            if done % _OFTEN == 0:
                progress("magic", done, len(candidates))
            magics = (magic for magic in magics_of(heap, int(svs[row])) if self.table in (None, magic.table))
            found += [(row, magic) for magic in magics][:1]
        rows = np.array([row for row, _ in found], np.intp)
        return Kept(rows, svs[rows], lambda row: _told(heap, found[row][1]))


def _told(heap: Heap, magic: Magic) -> str:
    text = f"magic type '{magic.type}'"
    if magic.object >= 0:
        text += f", with object {described(heap, magic.object)}"
    return text + (f", with pointer {described(heap, magic.pointer)}" if magic.pointer >= 0 else "")


def find_table(
    heap: Heap, filters: Sequence[Filter], most: int | None = None, progress: Progress = no_progress
) -> Table:
    """The SVs that pass all filters, in the order of their addresses, each with what the filters found in it.

    Args:
        heap: where to look.
        filters: each is given what the one before it left; without any, every SV is told.
        most: so many are told, None for all.
        progress: called now and then.
    """
    svs, kept = _matches(heap, filters, progress)
    told = len(svs) if most is None else min(most, len(svs))
    rows: list[tuple[Value, ...]] = []
    for i in range(told):
        if i % _OFTEN == 0:
            progress("telling", i, told)
        texts: list[str] = []
        at = i
        for one in reversed(kept):
            texts.insert(0, one.tell(at))
            at = int(one.rows[at])
        sv = int(svs[i])
        rows.append((heap.address_of(sv), described(heap, sv), " ".join(texts) or None))
    return Table("SVs that match", _COLUMNS, tuple(rows), len(svs) - told)


def found_count(heap: Heap, filters: Sequence[Filter], progress: Progress = no_progress) -> Table:
    """How many SVs pass all filters."""
    count = len(_matches(heap, filters, progress)[0])
    return Table("SVs that match", (Column("count", Unit.COUNT),), ((count,),))


def _matches(heap: Heap, filters: Sequence[Filter], progress: Progress) -> tuple[I32, list[Kept]]:
    svs: I32 = np.arange(heap.n, dtype=np.int32)
    kept = []
    for number, one in enumerate(filters):
        progress("finding", number, len(filters))
        kept.append(one.keep(heap, svs, progress))
        svs = kept[-1].svs
    return svs, kept
