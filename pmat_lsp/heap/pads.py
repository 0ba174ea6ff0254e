"""The pads of a CODE: where its lexicals live, one pad a depth of recursion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import Kind, RefKind, Strength
from pmat_lsp.heap.model import Heap

_PAD = int(Kind.PAD)
# Where all clones of a closure are looked at, looking the members of an enumeration up would take most of the time.
_CODE_PAD, _CODE_PADLIST, _PADLIST_PAD = int(RefKind.CODE_PAD), int(RefKind.CODE_PADLIST), int(RefKind.PADLIST_PAD)


def pads_of(heap: Heap, code: int) -> list[int]:
    """The pads of a CODE, that of depth 1 first; damaged ones, which are not arrays, are left out."""
    pads = []
    for kind, detail, target in heap.references_of(code):
        if kind == _CODE_PAD:
            pads.append((detail, target))
        elif kind == _CODE_PADLIST:
            pads += [(depth, pad) for inner, depth, pad in heap.references_of(target) if inner == _PADLIST_PAD]
    return [pad for _, pad in sorted(pads) if heap.kind[pad] == _PAD]


def first_pad(heap: Heap, code: int) -> int:
    """The pad of a CODE at depth 1, -1 if it has none."""
    return next(iter(pads_of(heap, code)), -1)


def padnames_of(heap: Heap, code: int) -> tuple[str, ...]:
    """Every name in the pads of a CODE, in order."""
    rows = heap.padnames.rows_of(code)
    return tuple(heap.strings[name] for name in heap.padnames.name[rows].tolist())


def padname_ids(heap: Heap, rows: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int32]:
    """int32: the names of the lexicals that references from pads are, as ids of `strings`; -1 for those without one.

    Args:
        heap: of the dump.
        rows: of the out_ columns, all of kind PAD_LEXICAL.
    """
    return heap.padnames.names_of(heap.owner[heap.sources(rows)], heap.out_detail[rows])


def references_in_pad(heap: Heap, code: int) -> Iterator[tuple[str, int, bool]]:
    """(name of the lexical, the SV that it refers to, whether strongly) of each reference in a CODE's first pad."""
    pad = first_pad(heap, code)
    for row in heap.out_rows(pad) if pad >= 0 else ():
        if heap.out_kind[row] != RefKind.PAD_LEXICAL:
            continue
        for inner in heap.out_rows(int(heap.out_target[row])):
            if heap.out_kind[inner] == RefKind.REFERENT:
                name = heap.padname(code, int(heap.out_detail[row])) or ""
                yield name, int(heap.out_target[inner]), bool(heap.out_strength[inner] & Strength.COUNTED)
