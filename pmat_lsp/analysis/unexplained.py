"""What no root reaches, yet something that the dump does not show may hold: C code, an XS module."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmat_lsp.analysis.ownership import Ownership
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.describe import describe
from pmat_lsp.heap.model import Heap


@dataclass(frozen=True, slots=True)
class UnexplainedGroup:
    """SVs of one description."""

    description: str
    """`the closure at lib/Net/Client.pm:25`, `Net::Conn`; of plain data the kind only: `ARRAY`."""
    count: int
    bytes: int
    """Their own memory, nothing that they refer to."""


def unexplained_groups(heap: Heap, ownership: Ownership) -> tuple[UnexplainedGroup, ...]:
    """The lost SVs that are not proven leaks: objects and subs first, each part by its bytes."""
    svs = np.flatnonzero(ownership.unexplained)
    telling = (heap.blessed[svs] >= 0) | (heap.kind[svs] == Kind.CODE)
    sums: dict[tuple[bool, str], list[int]] = {}
    for is_plain, chosen in ((False, svs[telling]), (True, svs[~telling])):
        for sv in chosen.tolist():
            text = _kind_name(heap, sv) if is_plain else describe(heap, sv)
            total = sums.setdefault((is_plain, text), [0, 0])
            total[0] += 1
            total[1] += int(heap.size[sv])
    ordered = sorted(sums.items(), key=lambda item: (item[0][0], -item[1][1], item[0][1]))
    return tuple(UnexplainedGroup(text, count, size) for (_, text), (count, size) in ordered)


def _kind_name(heap: Heap, sv: int) -> str:
    number = int(heap.kind[sv])
    return Kind(number).name if number in Kind._value2member_map_ else f"kind {number}"
