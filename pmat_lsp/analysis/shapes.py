"""What makes two islands instances of the same bug: the classes, code, lexicals and keys on their cycles."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from pmat_lsp.analysis.islands import Islands
from pmat_lsp.analysis.ownership import Ownership
from pmat_lsp.format.kinds import Kind, RefKind
from pmat_lsp.heap.describe import code_place
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.tables import decode
from pmat_lsp.heap.values import read_string


class Shape(NamedTuple):
    """The sets that identify the shape of an island."""

    classes: frozenset[str]
    places: frozenset[tuple[str, int]]
    """(file, line) of the CODEs."""
    lexicals: frozenset[str]
    keys: frozenset[str]
    """Keys of objects; keys of plain hashes only where nothing else tells the shape, since these are often data."""


def shapes(heap: Heap, ownership: Ownership, islands: Islands) -> list[Shape]:
    """The shape of every island, by number."""
    classes: list[set[str]] = [set() for _ in range(islands.count)]
    places: list[set[tuple[str, int]]] = [set() for _ in range(islands.count)]
    lexicals: list[set[str]] = [set() for _ in range(islands.count)]
    keys: list[set[str]] = [set() for _ in range(islands.count)]
    data_keys: list[set[str]] = [set() for _ in range(islands.count)]
    on_cycle = np.flatnonzero(islands.cycle[: heap.n] >= 0)
    for sv in on_cycle[heap.blessed[on_cycle] >= 0].tolist():
        classes[islands.cycle[sv]].add(heap.class_of(sv) or "")
    for sv in on_cycle[heap.kind[on_cycle] == Kind.CODE].tolist():
        places[islands.cycle[sv]].add(code_place(heap, sv))
    for row in _inner_rows(heap, ownership, islands):
        source, detail = int(heap.out_source[row]), int(heap.out_detail[row])
        island = int(islands.cycle[source])
        if heap.out_kind[row] == RefKind.PAD_LEXICAL:
            lexicals[island].add(heap.padname(int(heap.owner[source]), detail) or "")
        elif heap.out_kind[row] == RefKind.VALUE:
            key = re.sub(r"\d+", "#", decode(read_string(heap, detail)))
            (keys if heap.blessed[source] >= 0 else data_keys)[island].add(key)
    return [
        Shape(
            frozenset(classes[i]),
            frozenset(places[i]),
            frozenset(lexicals[i]),
            frozenset(keys[i] if classes[i] or places[i] else data_keys[i]),
        )
        for i in range(islands.count)
    ]


def _inner_rows(heap: Heap, ownership: Ownership, islands: Islands) -> list[int]:
    """The counted references between two SVs of one cycle."""
    source, target = islands.cycle[heap.out_source], islands.cycle[heap.out_target]
    telling = (heap.out_kind == RefKind.PAD_LEXICAL) | (heap.out_kind == RefKind.VALUE)
    rows: list[int] = np.flatnonzero(telling & (ownership.counted != 0) & (source >= 0) & (source == target)).tolist()
    return rows
