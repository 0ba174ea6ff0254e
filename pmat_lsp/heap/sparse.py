"""Columns in which most SVs have nothing."""

from __future__ import annotations

from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

I32 = npt.NDArray[np.int32]

_FEW = 16
"""To look up one row in so many is quicker than to make the whole column first."""


class Sparse:
    """A read-only column of ids, -1 where there is none. Several at once are int32, as of an array."""

    def __init__(self, row: I32, value: I32, length: int) -> None:
        """A column of `length` rows.

        Args:
            row: int32[any], ascending: the rows that have a value.
            value: int32[any], what it is.
            length: how many rows there are.
        """
        self.row = row
        self.value = value
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> int: ...

    @overload
    def __getitem__(self, index: slice | npt.NDArray[np.integer[Any]] | npt.NDArray[np.bool_]) -> I32: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice) or (isinstance(index, np.ndarray) and len(index) * _FEW > self._length):
            return self._column[index]
        if not isinstance(index, np.ndarray):
            return self._one(int(index))
        rows = np.flatnonzero(index) if index.dtype == np.bool_ else np.where(index < 0, index + self._length, index)
        found = np.full(len(rows), -1, np.int32)
        if len(self.row):
            at = np.searchsorted(self.row, rows.astype(np.int32))
            at[at == len(self.row)] = 0
            there = self.row[at] == rows
            found[there] = self.value[at[there]]
        return found

    def _one(self, row: int) -> int:
        row = row + self._length if row < 0 else row
        at = int(self.row.searchsorted(np.int32(row)))
        return int(self.value[at]) if at < len(self.row) and self.row[at] == row else -1

    @cached_property
    def _column(self) -> I32:
        column = np.full(self._length, -1, np.int32)
        column[self.row] = self.value
        return column
