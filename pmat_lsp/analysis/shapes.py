"""What makes two islands instances of the same bug: the classes, code, lexicals and keys on their cycles.

A program that leaks for days leaves islands by the hundred thousand, so nothing but the last comparison goes island by
island. What an island shows is told by tokens: numbers that stand for a class, a place in the source, a lexical, a key
or a kind of SV. Islands with the same set of tokens have the same shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.blanks import numberless
from pmat_lsp.analysis.islands import Islands
from pmat_lsp.analysis.ownership import Ownership
from pmat_lsp.analysis.rows import pieces, rows_from
from pmat_lsp.format.kinds import Kind, RefKind
from pmat_lsp.heap.distinct import numbered
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.pads import padname_ids
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import read_strings

I32 = npt.NDArray[np.int32]
Ids = npt.NDArray[np.integer[Any]]

_MOST_ROUNDS = 32
"""So many tokens of each island are compared with those of all others at once; the few islands that have more, one by
one."""
_SPARSE = 8
"""Values are sorted where they lie so many times farther apart than they are many."""


def shapes(heap: Heap, ownership: Ownership, islands: Islands) -> I32:
    """int32[count]: a number for the shape of each island, 0 and up; the same for islands of one shape."""
    cycle = islands.cycle
    on_cycle = islands.among[islands.cycles >= 0]
    objects = on_cycle[heap.blessed[on_cycle] >= 0]
    codes = on_cycle[heap.kind[on_cycle] == Kind.CODE]
    nameless = np.ones(islands.count, np.bool_)
    nameless[cycle[objects]] = nameless[cycle[codes]] = False
    inner = _inner_rows(heap, ownership, on_cycle, cycle)
    kinds = heap.out_kind[inner]
    lexicals, keys = inner[kinds == RefKind.PAD_LEXICAL], inner[kinds == RefKind.VALUE]
    # The keys of plain hashes and the kinds of SVs tell the shape only where no class or code does: such keys are often
    # data.
    holders = heap.sources(keys)
    telling = (heap.blessed[holders] >= 0) | nameless[cycle[holders]]
    keys, holders = keys[telling], holders[telling]
    plain = on_cycle[nameless[cycle[on_cycle]]]
    told = (
        (objects, class_names(heap, objects)),
        (codes, code_places(heap, codes)),
        (heap.sources(lexicals), padname_ids(heap, lexicals)),
        (holders, _texts(heap, keys)),
        (plain, heap.kind[plain].astype(np.int32)),
    )
    return _numbered(islands.count, [(cycle[svs], value) for svs, value in told])


def class_names(heap: Heap, svs: Ids) -> I32:
    """int32: the names of the classes of objects, as ids of `strings`; -1 for a class that has lost its name.

    Two stashes can have the same name, when a package was deleted and made anew.
    """
    stash = heap.blessed[svs]
    at = heap.stashes.sv.searchsorted(stash)
    known = np.append(heap.stashes.sv, np.int32(-1))[at] == stash
    return np.where(known, np.append(heap.stashes.name, np.int32(-1))[at], np.int32(-1))


def _numbered(count: int, told: Sequence[tuple[I32, I32]]) -> I32:
    """Number the sets of tokens of islands: `told` are pairs of an island and what is on it."""
    token = _dense(np.concatenate([value.astype(np.int64) * len(told) + part for part, (_, value) in enumerate(told)]))
    kinds = int(token.max(initial=0)) + 1
    island = np.concatenate([numbers for numbers, _ in told]).astype(np.int64)
    pairs = np.sort(island * kinds + token)
    # numpy's own unique would hash them, which takes five times as long.
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    start = np.searchsorted(pairs, np.arange(count + 1) * kinds)
    token, length = pairs % kinds, np.diff(start)
    number, known = _dense(length), int(length.max(initial=0)) + 1
    # Islands are told apart by their first tokens, then by their second ones, and so on, all islands at once.
    for place in range(min(_MOST_ROUNDS, known - 1)):
        left = np.flatnonzero(length > place)
        number[left] = known + _dense(number[left] * kinds + token[start[left] + place])
        known += len(left)
    rest: dict[tuple[int, bytes], int] = {}
    for one in np.flatnonzero(length > _MOST_ROUNDS).tolist():
        tokens = token[start[one] + _MOST_ROUNDS : start[one + 1]].tobytes()
        number[one] = known + rest.setdefault((int(number[one]), tokens), len(rest))
    return _dense(number).astype(np.int32)


def _dense(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """int64: numbers for some values, 0 and up, the same for the same value; in the order of the values."""
    lowest = int(values.min(initial=0))
    span = int(values.max(initial=0)) - lowest + 1
    if span > _SPARSE * len(values):
        return numbered(values)[1].astype(np.int64)
    is_there = np.zeros(span, np.bool_)
    is_there[values - lowest] = True
    return (np.cumsum(is_there) - 1)[values - lowest]


def code_places(heap: Heap, codes: Ids) -> I32:
    """int32: a number for the file and line of each CODE."""
    rows = heap.codes.sv.searchsorted(codes.astype(np.int32))
    places = (heap.codes.file[rows].astype(np.int64) << 32) | (heap.codes.line[rows] & 0xFFFFFFFF)
    numbers: I32 = numbered(places)[1].astype(np.int32)
    return numbers


def _texts(heap: Heap, rows: Ids) -> I32:
    """int32: a number for the key of each reference; keys that differ in numbers only have the same."""
    numbers: dict[str, int] = {}
    known: dict[bytes, int] = {}
    found = np.empty(len(rows), np.int32)
    for index, key in read_strings(heap, heap.out_detail[rows]):
        if key not in known:
            known[key] = numbers.setdefault(numberless(decode_name(key)), len(numbers))
        found[index] = known[key]
    return found


def _inner_rows(heap: Heap, ownership: Ownership, on_cycle: I32, cycle: I32) -> Ids:
    """The counted references between two SVs of one cycle."""
    found = [np.empty(0, np.int64)]
    for piece in pieces(len(on_cycle)):
        rows, which = rows_from(heap, on_cycle[piece])
        inner = cycle[on_cycle[piece]][which] == cycle[heap.out_target[rows]]
        found.append(rows[inner & (ownership.counted[rows] != 0)])
    return np.concatenate(found)
