"""How live code can reach what only holds itself: the weak references into it, and what holds these."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.holders import hop_through
from pmat_lsp.analysis.ownership import Ownership, followed_inside
from pmat_lsp.analysis.reached import Roots
from pmat_lsp.analysis.result import WayIn
from pmat_lsp.heap.model import Heap

MOST_WAYS = 3
"""So many ways into one island are told, those that differ."""
MOST_LOOKED_AT = 5_000
"""So many SVs are walked through, from an island towards the weak references that lead to it."""
_MOST_REFERRERS = 1_000
_MOST_TRIED = 50


class WaysIn:
    """Finds the ways into the self-held islands of a heap."""

    def __init__(self, heap: Heap, ownership: Ownership) -> None:
        self._heap = heap
        self._ownership = ownership

    def to(self, island: npt.NDArray[np.int32]) -> tuple[WayIn, ...]:
        """The ways into the island whose cycle these SVs are on, the shortest first."""
        found: dict[tuple[str, str], WayIn] = {}
        for row in islice(self._rows_to(island), _MOST_TRIED):
            hop = hop_through(self._heap, row)
            key = ("" if hop.kind == "index" else hop.label, hop.source_desc)
            if key not in found:
                way = self._roots.way_to(hop.source)
                found[key] = WayIn(hop, way.start if way else "", way.labels if way else ())
            if len(found) == MOST_WAYS:
                break
        return tuple(found.values())

    def _rows_to(self, island: npt.NDArray[np.int32]) -> Iterator[int]:
        """Rows of the out_ columns that are ways in, and from which the island is reached; the nearest first."""
        heap = self._heap
        seen = set(island.tolist())
        queue = sorted(seen)
        for sv in queue:
            if len(queue) > MOST_LOOKED_AT:
                return
            rows = heap.in_rows(sv)[:_MOST_REFERRERS]
            for row, source in zip(rows.tolist(), heap.sources(rows).tolist(), strict=True):
                if self._is_way_in[row]:
                    yield row
                elif self._follow[row] and source not in seen:
                    seen.add(source)
                    queue.append(source)

    @cached_property
    def _is_way_in(self) -> npt.NDArray[np.bool_]:
        mask = np.zeros(len(self._heap.out_target), np.bool_)
        mask[self._ownership.ways_in] = True
        return mask

    @cached_property
    def _follow(self) -> npt.NDArray[np.uint8]:
        return followed_inside(self._heap, self._ownership.self_held)

    @cached_property
    def _roots(self) -> Roots:
        return Roots(self._heap)
