"""The pads of a CODE: where its lexicals live, one pad a depth of recursion."""

from __future__ import annotations

from pmat_lsp.format.kinds import RefKind
from pmat_lsp.heap.model import Heap


def pads_of(heap: Heap, code: int) -> list[int]:
    """The pads of a CODE, that of depth 1 first."""
    pads = []
    for row in heap.out_rows(code):
        if heap.out_kind[row] == RefKind.CODE_PAD:
            pads.append((int(heap.out_detail[row]), int(heap.out_target[row])))
        elif heap.out_kind[row] == RefKind.CODE_PADLIST:
            padlist = int(heap.out_target[row])
            pads += [
                (int(heap.out_detail[inner]), int(heap.out_target[inner]))
                for inner in heap.out_rows(padlist)
                if heap.out_kind[inner] == RefKind.PADLIST_PAD
            ]
    return [pad for _, pad in sorted(pads)]


def first_pad(heap: Heap, code: int) -> int:
    """The pad of a CODE at depth 1, -1 if it has none."""
    return next(iter(pads_of(heap, code)), -1)


def padnames_of(heap: Heap, code: int) -> tuple[str, ...]:
    """Every name in the pads of a CODE, in order."""
    rows = heap.padnames.rows_of(code)
    return tuple(heap.strings[name] for name in heap.padnames.name[rows].tolist())
