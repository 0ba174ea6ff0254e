"""Which rows of some columns are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.intp]


def alike(*columns: npt.NDArray[np.integer[Any]]) -> tuple[Places, Places]:
    """(the first row of each group of rows that are equal in all columns, the group of each row)."""
    group, first = np.zeros(len(columns[0]), np.int64), np.zeros(0, np.intp)
    for column in columns:
        values, which = np.unique(column, return_inverse=True)
        _, first, again = np.unique(group * len(values) + which.reshape(-1), return_index=True, return_inverse=True)
        group = again.reshape(-1).astype(np.int64)
    return first, group
