"""How many SVs of each kind there are, of each class, and with which fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import KIND_NAMES, Kind, ScalarFlag
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
    names = _kind_names(heap)
    sizes = heap.size[: heap.n] if options.sizes is None else options.sizes
    blessed = heap.blessed[: heap.n] >= 0
    rows: list[Row] = []
    for name in sorted(set(names)):
        mask = np.isin(heap.kind[: heap.n], [kind for kind, known in _names_in(heap).items() if known == name])
        rows.append(_row(sizes, KIND, name, mask, blessed))
        if options.by_class:
            rows += _classes(heap, sizes, mask & blessed)
        if options.by_fields and name == "SCALAR":
            rows += _fields(heap, sizes, blessed)
    rows.append(_row(sizes, TOTAL, "(total)", np.ones(heap.n, np.bool_), blessed))
    return Table("SVs by kind", _COLUMNS, tuple(rows))


def _kind_names(heap: Heap) -> list[str]:
    return list(_names_in(heap).values())


def _names_in(heap: Heap) -> dict[int, str]:
    present = np.flatnonzero(np.bincount(heap.kind[: heap.n], minlength=256)).tolist()
    return {kind: KIND_NAMES.get(kind, "UNKNOWN") for kind in present}


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


def _classes(heap: Heap, sizes: Sizes, mask: Mask) -> Iterator[Row]:
    """A row for each of the commonest classes, and one for the others."""
    svs = np.flatnonzero(mask)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for stash in np.unique(heap.blessed[svs]).tolist():
        of_class = svs[heap.blessed[svs] == stash]
        sums = counts[heap.stash_name(stash) or "(without a name)"]
        sums[0] += len(of_class)
        sums[1] += int(sizes[of_class].sum())
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
    for combination in np.unique(flags[flags != 255]).tolist():
        name = f"SCALAR({','.join(scalar_fields(combination))})"
        masks[name] = masks.get(name, np.zeros(heap.n, np.bool_)) | (flags == combination)
    return [_row(sizes, FIELDS, name, masks[name], blessed) for name in sorted(masks) if masks[name].any()]
