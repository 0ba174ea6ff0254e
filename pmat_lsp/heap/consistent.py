"""Whether the columns of an index fit each other: no number in them may lead out of an array.

An index has checksums, but whoever writes a wrong column can write its checksum, too. So this is looked at whenever an
index is opened, at a few milliseconds for two million SVs; the kernels check each access all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import STASH_KINDS, Kind, RefKind
from pmat_lsp.heap.addresses import bits_set

Column = npt.NDArray[Any]

_TYPES = {
    "<i4": ("out_start", "out_target", "in_start", "in_ref", "stack", "mortals", "blessed.value", "owner.value"),
    "|u1": ("kind", "flags", "out_kind", "out_strength", "strings.text"),
    "<u8": ("address.key", "address.bits", "address.immortals"),
}
_SVS = ("kind", "flags", "refcount", "size", "offset", "length")
_REFERENCES = ("out_kind", "out_strength", "out_detail", "in_ref")
_TABLES = ("codes", "globs", "ios", "stashes", "padnames", "extensions", "contexts")
_SV_IDS = ("sv", "code", "stash", "glob", "outside", "arguments")
_STRING_IDS = ("name", "file")
_LARGEST_ALIGNMENT = 3
_OF_TABLE = {"codes": (Kind.CODE,), "globs": (Kind.GLOB,), "ios": (Kind.IO,), "stashes": STASH_KINDS}
"""The SVs of which kinds are in a table."""


def misfit(columns: Mapping[str, Column], alignment: int) -> str | None:
    """The name of a column that does not fit the others, None where all fit.

    Args:
        columns: those of an index, by name.
        alignment: the lowest so many bits of every address are 0.

    Raises:
        KeyError: a column is missing.
        ValueError: one has no rows where there must be some.
    """
    return next(_misfits(columns, alignment), None)


def _misfits(columns: Mapping[str, Column], alignment: int) -> Iterator[str]:
    for dtype, names in _TYPES.items():
        yield from (name for name in names if columns[name].dtype.str != dtype)
    if not _are_addresses(columns, alignment):
        yield "address.rank"
    svs, rows = int(columns["address.rank"][-1]) + 3, len(columns["out_target"])
    for length, names in ((svs, _SVS), (rows, _REFERENCES)):
        yield from (name for name in names if len(columns[name]) != length)
    for name in ("out_start", "in_start"):
        if len(columns[name]) != svs + 1 or not _rises(columns[name], rows) or columns[name][-1] != rows:
            yield name
    for name, end in (("out_target", svs), ("in_ref", rows)):
        if not _are_below(columns[name], end):
            yield name
    if rows and columns["out_kind"].max() > max(RefKind):
        yield "out_kind"
    for table, kinds in _OF_TABLE.items():
        if not np.array_equal(columns[f"{table}.sv"], np.flatnonzero(np.isin(columns["kind"], kinds))):
            yield f"{table}.sv"
    # Packed and sparse columns: the rows that have a value, and the values.
    for name, column in columns.items():
        if name.endswith(".row"):
            column_of = columns.get(name[: -len(".row")])
            length = svs if column_of is None else len(column_of)
            if (
                not _rises(column, length - 1)
                or len(column) != len(columns[f"{name[: -len('row')]}value"])
                or (column_of is not None and not _marks_rows(column_of, column))
            ):
                yield name
    for name in ("stack", "mortals", "blessed.value", "owner.value"):
        if not _are_ids(columns[name], svs):
            yield name
    text, start = columns["strings.text"], columns["strings.start"]
    if not len(start) or not _rises(start, len(text)):
        yield "strings.start"
    yield from _misfits_of_tables(columns, svs, len(start) - 1)


def _misfits_of_tables(columns: Mapping[str, Column], svs: int, strings: int) -> Iterator[str]:
    lengths: dict[str, int] = {}
    for name, column in columns.items():
        table, _, field = name.partition(".")
        if table not in _TABLES:
            continue
        if len(column) != lengths.setdefault(table, len(column)):
            yield name
        if field == "sv" or name == "padnames.code":
            fits = _rises(column, svs - 1)
        elif field in _SV_IDS:
            fits = _are_ids(column, svs)
        else:
            fits = field not in _STRING_IDS or _are_ids(column, strings)
        if not fits:
            yield name


def _are_addresses(columns: Mapping[str, Column], alignment: int) -> bool:
    key, bits, rank, immortals = (columns[f"address.{part}"] for part in ("key", "bits", "rank", "immortals"))
    if len(bits) != len(key) or len(rank) != len(key) + 1 or len(immortals) != 3 or rank[0] != 0:
        return False
    if not 0 <= alignment <= _LARGEST_ALIGNMENT or not bool((key[1:] > key[:-1]).all()):
        return False
    return bool((np.diff(rank) == bits_set(bits)).all())


def _rises(column: Column, last: int) -> bool:
    """Whether no number is lower than the one before, and all are from 0 to `last`."""
    if not len(column):
        return True
    return bool(column[0] >= 0 and column[-1] <= last and (column[1:] >= column[:-1]).all())


def _marks_rows(narrow: Column, rows: Column) -> bool:
    """Whether the highest number, which stands for one that does not fit, is in these rows of a packed column alone."""
    highest = np.iinfo(narrow.dtype).max
    return np.count_nonzero(narrow == highest) == len(rows) and bool((narrow[rows] == highest).all())


def _are_below(column: Column, end: int) -> bool:
    """Whether all numbers are from 0 to `end` - 1."""
    # As an unsigned number a negative one is larger than every end.
    return not len(column) or int(column.view(np.uint32).max()) < end


def _are_ids(column: Column, end: int) -> bool:
    """Whether all numbers are from -1, for none, to `end` - 1."""
    return not len(column) or bool(column.min() >= -1 and column.max() < end)
