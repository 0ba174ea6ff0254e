"""Many ranges of numbers as one array."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]


def ranges(start: npt.NDArray[np.integer[Any]], stop: npt.NDArray[np.integer[Any]]) -> tuple[I64, I64]:
    """(all numbers from each start up to its stop, of each the index of the range)."""
    counts = (stop - start).astype(np.int64)
    which = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    behind = start - (np.cumsum(counts) - counts)
    return np.arange(len(which), dtype=np.int64) + behind[which], which
