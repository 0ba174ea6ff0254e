"""What makes two islands instances of the same bug: the classes, code, lexicals and keys on their cycles."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.islands import Islands
from pmat_lsp.analysis.ownership import Ownership
from pmat_lsp.format.kinds import Kind, RefKind
from pmat_lsp.heap.describe import code_place
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import read_string


class Shape(NamedTuple):
    """The sets that identify the shape of an island."""

    classes: frozenset[str]
    places: frozenset[tuple[str, int]]
    """(file, line) of the CODEs."""
    lexicals: frozenset[str]
    keys: frozenset[str]
    """Keys of objects; keys of plain hashes only where no class or code tells the shape, since these are often data."""
    kinds: frozenset[int]
    """Kinds of the SVs, where no class or code tells the shape."""


class _Telling:
    """What has been seen on the cycle of one island."""

    def __init__(self) -> None:
        self.classes: set[str] = set()
        self.places: set[tuple[str, int]] = set()
        self.lexicals: set[str] = set()
        self.keys: set[str] = set()
        self.data_keys: set[str] = set()
        self.kinds: set[int] = set()

    def shape(self) -> Shape:
        """The shape that it amounts to."""
        named = bool(self.classes or self.places)
        keys, kinds = (self.keys, set()) if named else (self.data_keys, self.kinds)
        return Shape(
            frozenset(self.classes), frozenset(self.places), frozenset(self.lexicals), frozenset(keys), frozenset(kinds)
        )


def shapes(heap: Heap, ownership: Ownership, islands: Islands) -> list[Shape]:
    """The shape of every island, by number."""
    telling = [_Telling() for _ in range(islands.count)]
    on_cycle = np.flatnonzero(islands.cycle[: heap.n] >= 0)
    kind, blessed = heap.kind[on_cycle], heap.blessed[on_cycle]
    for number, value in _pairs(islands, on_cycle, kind):
        telling[number].kinds.add(value)
    for number, stash in _pairs(islands, on_cycle[blessed >= 0], blessed[blessed >= 0]):
        telling[number].classes.add(heap.stash_name(stash) or "")
    codes = on_cycle[kind == Kind.CODE]
    for number, code in zip(islands.cycle[codes].tolist(), codes.tolist(), strict=True):
        telling[number].places.add(code_place(heap, code))
    lexical = int(RefKind.PAD_LEXICAL)
    for row in _inner_rows(heap, ownership, islands):
        source, detail = int(heap.out_source[row]), int(heap.out_detail[row])
        island = telling[islands.cycle[source]]
        if heap.out_kind[row] == lexical:
            island.lexicals.add(heap.padname(int(heap.owner[source]), detail) or "")
        else:
            key = re.sub(r"\d+", "#", decode_name(read_string(heap, detail)))
            (island.keys if heap.blessed[source] >= 0 else island.data_keys).add(key)
    return [island.shape() for island in telling]


def _pairs(islands: Islands, svs: npt.NDArray[np.intp], values: npt.NDArray[np.integer[Any]]) -> list[tuple[int, int]]:
    """Each pair of an island and a value that one of its SVs has, once."""
    pairs = np.unique(np.stack((islands.cycle[svs].astype(np.int64), values.astype(np.int64))), axis=1)
    return list(zip(*pairs.tolist(), strict=True))


def _inner_rows(heap: Heap, ownership: Ownership, islands: Islands) -> list[int]:
    """The counted references between two SVs of one cycle."""
    source, target = islands.cycle[heap.out_source], islands.cycle[heap.out_target]
    telling = (heap.out_kind == RefKind.PAD_LEXICAL) | (heap.out_kind == RefKind.VALUE)
    rows: list[int] = np.flatnonzero(telling & (ownership.counted != 0) & (source >= 0) & (source == target)).tolist()
    return rows
