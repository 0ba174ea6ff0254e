"""The dominator tree of any graph in CSR form, with a report of how far it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmat_lsp.heap.progress import Progress
from pmat_lsp.kernels import dominators

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]

_PLACES_AT_A_TIME = 1 << 17
"""After so many nodes progress is reported."""


def dominators_of(
    edges: tuple[I32, I32, I32, I32, I32], follow: U8, entry: U8, stage: str, progress: Progress
) -> tuple[I32, I32]:
    """Find the immediate dominators of all nodes that the super-root reaches.

    Args:
        edges: out_start, out_target, in_start, in_ref and out_source, as in `heap.model`.
        follow: uint8, of each row of the out_ columns whether it is an edge.
        entry: uint8[nodes], 1 for the nodes that the super-root leads to.
        stage: what progress is reported of.
        progress: is called every few milliseconds.

    Returns:
        int32, the super-root, whose number is that of nodes, and the nodes, dominators first; and int32, by place in
        it, the place of the immediate dominator.
    """
    out_start, out_target, in_start, in_ref, out_source = edges
    room = len(entry) + 1
    progress(stage, 0, 1)
    order, place, above, stack = (np.empty(room, np.int32) for _ in range(4))
    reached = dominators.walk(out_start, out_target, follow, entry, order, place, above, stack)
    semi, label, bucket, idom = (np.empty(room, np.int32) for _ in range(4))
    for high in range(reached, 0, -_PLACES_AT_A_TIME):
        progress(stage, reached - high, reached)
        dominators.immediate_dominators(
            in_start,
            in_ref,
            out_source,
            follow,
            entry,
            reached,
            order,
            place,
            above,
            semi,
            label,
            bucket,
            stack,
            idom,
            high,
            max(0, high - _PLACES_AT_A_TIME),
        )
    return order[:reached], idom[:reached]
