"""How many SVs of each kind there are, of each class, and with which fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import Kind, ScalarFlag, kind_name
from pmat_lsp.heap.distinct import distinct, numbered
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import scalar_fields

KIND, CLASS, FIELDS, TOTAL = "kind", "class", "fields", "total"
"""What a row of the table is about: its first column."""
OTHERS = "(others)"
_SHOWN_CLASSES = 10
_FIELD_FLAGS = int(ScalarFlag.IV | ScalarFlag.IS_UV | ScalarFlag.NV | ScalarFlag.PV)
_COLUMNS = (
    Column("about", Unit.TEXT),
    Column("name", Unit.TEXT),
    Column("count", Unit.COUNT),
    Column("blessed", Unit.COUNT),
    Column("bytes", Unit.BYTES),
    Column("blessed_bytes", Unit.BYTES),
)
Mask = npt.NDArray[np.bool_]
Sizes = npt.NDArray[np.uint64]
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class CountOptions:
    """What to say besides the kinds."""

    by_class: bool = False
    """Of each kind the ten commonest classes."""
    by_fields: bool = False
    """Of scalars, which fields they have: IV, NV, PV."""
    sizes: Sizes | None = None
    """uint64[n]: the bytes of each SV that are added up; None: its own."""


def count_table(heap: Heap, options: CountOptions) -> Table:
    """Of each kind how many SVs and bytes, all of them and the blessed ones; the total last."""
    sizes = heap.size[: heap.n] if options.sizes is None else options.sizes
    name_of = _names_in(heap)
    names = sorted(set(name_of.values()))
    number = np.zeros(256, np.uint8)
    number[list(name_of)] = [names.index(name) for name in name_of.values()]
    group = number[heap.kind[: heap.n]]
    blessed = heap.blessed[: heap.n] >= 0
    objects = np.flatnonzero(blessed)
    every = _sums(group, sizes, len(names))
    of_objects = _sums(group[objects], sizes[objects], len(names))
    rows: list[Row] = []
    for at, name in enumerate(names):
        rows.append((KIND, name, every[0][at], of_objects[0][at], every[1][at], of_objects[1][at]))
        if options.by_class:
            rows += _classes(heap, sizes, objects[group[objects] == at])
        if options.by_fields and name == "SCALAR":
            rows += _fields(heap, sizes, blessed)
    rows.append((TOTAL, "(total)", sum(every[0]), sum(of_objects[0]), sum(every[1]), sum(of_objects[1])))
    return Table("SVs by kind", _COLUMNS, tuple(rows))


def _names_in(heap: Heap) -> dict[int, str]:
    present = np.flatnonzero(np.bincount(heap.kind[: heap.n], minlength=256)).tolist()
    return {kind: kind_name(kind) for kind in present}


def _sums(group: npt.NDArray[np.integer[Any]], sizes: Sizes, groups: int) -> tuple[list[int], list[int]]:
    """(how many SVs, how many bytes) of each group."""
    # Not bincount, whose sums are floating-point numbers.
    total = np.zeros(groups, np.uint64)
    np.add.at(total, group, sizes)
    return np.bincount(group, minlength=groups).tolist(), total.tolist()


def _row(size: Sizes, about: str, name: str, mask: Mask, blessed: Mask) -> Row:
    both = mask & blessed
    return (
        about,
        name,
        int(np.count_nonzero(mask)),
        int(np.count_nonzero(both)),
        int(size[mask].sum()),
        int(size[both].sum()),
    )


def _classes(heap: Heap, sizes: Sizes, svs: npt.NDArray[np.intp]) -> Iterator[Row]:
    """A row for each of the commonest classes of some objects, and one for the others."""
    stashes, group = numbered(heap.blessed[svs])
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for stash, number, size in zip(stashes.tolist(), *_sums(group.reshape(-1), sizes[svs], len(stashes)), strict=True):
        sums = counts[heap.stash_name(stash) or "(without a name)"]
        sums[0] += number
        sums[1] += size
    order = sorted(sorted(counts), key=lambda name: -counts[name][0])
    for name in order[:_SHOWN_CLASSES]:
        yield CLASS, name, None, counts[name][0], None, counts[name][1]
    if rest := order[_SHOWN_CLASSES:]:
        yield CLASS, OTHERS, None, sum(counts[name][0] for name in rest), None, sum(counts[name][1] for name in rest)


def _fields(heap: Heap, sizes: Sizes, blessed: Mask) -> list[Row]:
    """A row for each combination of fields that a scalar has."""
    kind = heap.kind[: heap.n]
    masks: dict[str, Mask] = {
        "BOOL(NO)": kind == Kind.NO,
        "BOOL(YES)": kind == Kind.YES,
        "UNDEF()": kind == Kind.UNDEF,
    }
    flags = np.where(kind == Kind.SCALAR, heap.flags[: heap.n] & _FIELD_FLAGS, 255)
    for combination in distinct(flags[flags != 255]).tolist():
        name = f"SCALAR({','.join(scalar_fields(combination))})"
        masks[name] = masks.get(name, np.zeros(heap.n, np.bool_)) | (flags == combination)
    return [_row(sizes, FIELDS, name, masks[name], blessed) for name in sorted(masks) if masks[name].any()]
