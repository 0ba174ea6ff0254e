"""What a view is: numpy columns of one length, and what SQL makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress
from pmat_lsp.render.escape import portable
from pmat_lsp.session import Dump

Array: TypeAlias = npt.NDArray[Any]
Texts: TypeAlias = npt.NDArray[np.object_]
Raw: TypeAlias = Mapping[str, Callable[[], Array]]
"""Raw columns by name, each made when a query needs it. Texts are arrays of str objects, never None: DuckDB takes the
type of such a column from a sample of it, and could see nothing but None there."""


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column that SQL sees."""

    name: str
    meaning: str
    sql: str
    """An expression over the raw columns; what the query does not name is not computed."""
    raw: str
    """The name of the raw column in it."""
    dtype: npt.DTypeLike
    """Of the raw column."""
    is_address: bool = False
    """Whether its texts are addresses of SVs: an answer tells them as such, so that editors can lead to the SV."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a view is of one dump."""

    count: int
    columns: Raw
    """All of that length."""


@dataclass(frozen=True, slots=True)
class View:
    """A view; it is read when a query names it."""

    name: str
    meaning: str
    columns: tuple[ViewColumn, ...]
    read: Callable[[Dump, Progress], Rows]
    """What it is of a dump. Progress is called now and then, also by the columns, and may raise."""

    @property
    def raw(self) -> dict[str, npt.DTypeLike]:
        """The dtypes of the raw columns by name."""
        return {column.raw: column.dtype for column in self.columns}


def plain(name: str, meaning: str, dtype: npt.DTypeLike) -> ViewColumn:
    """Numbers or truth values, as they are."""
    return ViewColumn(name, meaning, f'"{name}"', name, dtype)


def number(name: str, meaning: str) -> ViewColumn:
    """Numbers; -1 is NULL."""
    return ViewColumn(name, meaning, f'nullif("{name}", -1)', name, np.int64)


def text(name: str, meaning: str, empty_is_null: bool = True) -> ViewColumn:
    """Texts; the empty one is NULL."""
    value = f'"{name}"::VARCHAR'
    return ViewColumn(name, meaning, f"nullif({value}, '')" if empty_is_null else value, name, np.object_)


def addresses(name: str, raw: str, meaning: str) -> tuple[ViewColumn, ViewColumn]:
    """The addresses of SVs as text and as numbers: two columns, `name` and `raw`; 0 is NULL."""
    value = f'nullif("{raw}", 0)'
    as_text = f"'0x' || lower(to_hex({value}))"
    return (
        ViewColumn(name, f"{meaning}: `0x55d0c8a3f2b8`", as_text, raw, np.uint64, is_address=True),
        ViewColumn(raw, "the same as a number", value, raw, np.uint64),
    )


def at_once(columns: Mapping[str, Array]) -> Rows:
    """A view all of whose columns are made already."""
    (count,) = {len(column) for column in columns.values()}
    return Rows(count, {name: lambda column=column: column for name, column in columns.items()})  # type: ignore[misc]


def no_texts(count: int) -> Texts:
    """object: empty texts."""
    return np.full(count, "", np.object_)


def texts(values: Iterable[str | None]) -> Texts:
    """object: texts that a database takes; None as the empty one, bytes that are no UTF-8 as escapes."""
    listed = ["" if value is None else value if value.isascii() else portable(value) for value in values]
    array = np.empty(len(listed), np.object_)
    array[:] = listed
    return array


def looked_up(keys: npt.NDArray[np.integer[Any]], text_of: Callable[[int], str | None]) -> Texts:
    """object: the text of each key, which is asked for once for each key that there is."""
    if keys.dtype == np.uint8:
        different = np.flatnonzero(np.bincount(keys, minlength=256))
        table = no_texts(256)
        table[different] = texts(map(text_of, different.tolist()))
        found: Texts = table[keys]
    else:
        different, place = np.unique(keys, return_inverse=True)
        found = texts(map(text_of, different.tolist()))[place.reshape(-1)]
    return found


def class_name(heap: Heap, stash: int) -> str | None:
    """The name of a package in the views; None for -1."""
    return None if stash < 0 else heap.stash_name(stash) or "(without a name)"
