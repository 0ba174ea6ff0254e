"""Columns of numbers that are nearly all small: narrow, with a table of the few that are not."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

I32 = npt.NDArray[np.int32]

Wide = TypeVar("Wide", bound=np.integer[Any])


class Packed(Generic[Wide]):
    """A read-only column. Indexing it gives numbers of the wide type, as indexing an array of them would."""

    def __init__(self, narrow: npt.NDArray[Any], row: I32, value: npt.NDArray[Wide], lowest: int = 0) -> None:
        """A column of its parts.

        Args:
            narrow: unsigned[rows]: each number less `lowest`; the highest number of the type stands for one that
                does not fit.
            row: int32[any], ascending: the rows of those that do not fit.
            value: wide[any], what they are.
            lowest: the least number that fits.
        """
        self.narrow = narrow
        self.row = row
        self.value = value
        self.lowest = lowest
        self._absent = int(np.iinfo(narrow.dtype).max)

    def __len__(self) -> int:
        return len(self.narrow)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Wide: ...

    @overload
    def __getitem__(self, index: slice | npt.NDArray[np.integer[Any]] | npt.NDArray[np.bool_]) -> npt.NDArray[Wide]: ...

    def __getitem__(self, index: Any) -> Any:
        small = self.narrow[index]
        if not isinstance(small, np.ndarray):
            return self._one(int(index), int(small))
        wide = small.astype(self.value.dtype)
        if self.lowest:
            wide += self.value.dtype.type(self.lowest)
        if len(self.row):
            absent = np.flatnonzero(small == self._absent)
            if len(absent):
                wide[absent] = self.value[np.searchsorted(self.row, self._rows(index, absent))]
        return wide

    def _rows(self, index: Any, chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.integer[Any]]:
        """The rows of those of an index that are chosen."""
        if isinstance(index, slice):
            start, _, step = index.indices(len(self))
            return start + step * chosen
        rows = np.asarray(index)
        rows = np.flatnonzero(rows)[chosen] if rows.dtype == np.bool_ else rows[chosen]
        return np.where(rows < 0, rows + len(self), rows)

    def _one(self, index: int, small: int) -> Any:
        if small == self._absent:
            return self.value[int(np.searchsorted(self.row, index % len(self)))]
        return self.value.dtype.type(small + self.lowest)
