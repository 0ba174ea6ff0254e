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

Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]
"""Raw columns by name, all of one length. Texts are arrays of str objects, never None: DuckDB takes the type of such a
column from a sample of it, and could see nothing but None there."""
Texts: TypeAlias = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column that SQL sees."""

    name: str
    meaning: str
    sql: str
    """An expression over the raw columns; what the query does not name is not computed."""
    is_address: bool = False
    """Whether its texts are addresses of SVs: an answer tells them as such, so that editors can lead to the SV."""


@dataclass(frozen=True, slots=True)
class View:
    """A view; it is read when a query names it."""

    name: str
    meaning: str
    columns: tuple[ViewColumn, ...]
    read: Callable[[Dump, Progress], Arrays]
    """The raw columns. Progress is called now and then, and may raise."""


def plain(name: str, meaning: str) -> ViewColumn:
    """Numbers or truth values, as they are."""
    return ViewColumn(name, meaning, f'"{name}"')


def number(name: str, meaning: str) -> ViewColumn:
    """Numbers; -1 is NULL."""
    return ViewColumn(name, meaning, f'nullif("{name}", -1)')


def text(name: str, meaning: str, empty_is_null: bool = True) -> ViewColumn:
    """Texts; the empty one is NULL."""
    value = f'"{name}"::VARCHAR'
    return ViewColumn(name, meaning, f"nullif({value}, '')" if empty_is_null else value)


def addresses(name: str, raw: str, meaning: str) -> tuple[ViewColumn, ViewColumn]:
    """The addresses of SVs as text and as numbers: two columns, `name` and `raw`; 0 is NULL."""
    value = f'nullif("{raw}", 0)'
    return (
        ViewColumn(name, f"{meaning}: `0x55d0c8a3f2b8`", f"'0x' || lower(to_hex({value}))", is_address=True),
        ViewColumn(raw, "the same as a number", value),
    )


def texts(values: Iterable[str | None]) -> Texts:
    """object: texts that a database takes; None as the empty one, bytes that are no UTF-8 as escapes."""
    listed = ["" if value is None else portable(value) for value in values]
    array = np.empty(len(listed), np.object_)
    array[:] = listed
    return array


def looked_up(keys: npt.NDArray[np.integer[Any]], text_of: Callable[[int], str | None]) -> Texts:
    """object: the text of each key, which is asked for once for each key that there is."""
    different, place = np.unique(keys, return_inverse=True)
    found: Texts = texts(map(text_of, different.tolist()))[place.reshape(-1)]
    return found


def class_name(heap: Heap, stash: int) -> str | None:
    """The name of a package in the views; None for -1."""
    return None if stash < 0 else heap.stash_name(stash) or "(without a name)"
