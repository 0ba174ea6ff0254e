"""Which SVs of one dump another dump has, by their addresses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmat_lsp.kernels import matching

I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]


def matched(wanted: U64, among: U64) -> I32:
    """int32: the index in `among` of each address, -1 for one that is not there; both ascend."""
    found = np.empty(len(wanted), np.int32)
    matching.match(wanted, among, found)
    return found
