"""Which rows of some columns are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.heap.distinct import first_of_each, numbered

Places = npt.NDArray[np.intp]


def alike(*columns: npt.NDArray[np.integer[Any]]) -> tuple[Places, Places]:
    """(the first row of each group of rows that are equal in all columns, the group of each row)."""
    group: Places = np.zeros(len(columns[0]), np.intp)
    for column in columns:
        values, which = numbered(column)
        group = numbered(group * len(values) + which)[1]
    return first_of_each(group)[1], group
