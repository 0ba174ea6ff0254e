"""The sizes of one SV: by itself, with its structure, with what it owns, and with what it retains.

The first three are those of Devel::MAT's `size`. Owned and retained size both tell what goes when the SV goes, and
differ in this:

- What two SVs inside hold together has a refcount of 2, so it is not owned; it is retained, since both of them go.
  So owned sizes are too small wherever values are shared, and for structures with cycles.
- What has a refcount of 1 is owned by whatever points to it, even by a plain pointer that owns no count, and by
  each of several globs that are aliases of one. It is retained only if no root leads to it by another way.
- On a leaked cycle each SV may own all of the cycle; only the one where it is entered retains it (see `retained`).
- A package goes with its last object if nothing else holds it, so it can be retained; it is never owned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.labels import labels
from pmat_lsp.analysis.retained import Retained
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import ARRAY_KINDS, HASH_KINDS, Kind, RefKind, Strength
from pmat_lsp.heap.model import Heap
from pmat_lsp.kernels import graph

_FEW = 1 << 12
"""So many SVs are walked without a look at the whole heap."""
_ARRAY_PARTS = (
    RefKind.ELEMENT,
    RefKind.PAD_ARGS,
    RefKind.PAD_LEXICAL,
    RefKind.PAD_TEMPORARY,
    RefKind.PADNAMES_ELEMENT,
    RefKind.PADLIST_NAMES,
    RefKind.PADLIST_PAD,
)
_HASH_PARTS = (RefKind.VALUE,)
_CODE_PARTS = (
    RefKind.CODE_PADLIST,
    RefKind.CODE_PADNAMES,
    RefKind.CODE_PAD,
    RefKind.CODE_CONSTVAL,
    RefKind.CODE_CONSTANT,
    RefKind.CODE_GLOBREF,
)
_PART_OF, _STRUCTURE_OF = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
"""uint8[256], by RefKind and by Kind: one bit for arrays, hashes and CODEs each, set where it is a part or a whole."""
for _bit, _parts, _kinds in (
    (1, _ARRAY_PARTS, ARRAY_KINDS),
    (2, _HASH_PARTS, HASH_KINDS),
    (4, _CODE_PARTS, (Kind.CODE,)),
):
    _PART_OF[list(_parts)] = _bit
    _STRUCTURE_OF[list(_kinds)] = _bit


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a set of SVs is."""

    bytes: int
    svs: int


def shallow(heap: Heap, sv: int) -> Extent:
    """The SV's own memory."""
    return Extent(int(heap.size[sv]), 1)


def structure(heap: Heap, sv: int) -> Extent:
    """The SV and its parts: elements of an array, values of a hash, pads, constants and globs of a CODE."""
    return _extent(heap, np.append(structure_svs(heap, sv), np.int32(sv)))


def structure_svs(heap: Heap, sv: int) -> npt.NDArray[np.int32]:
    """int32: the parts of an SV; one that is a part twice is there twice."""
    rows = slice(*heap.out_start[sv : sv + 2])
    targets: npt.NDArray[np.int32] = heap.out_target[rows][structural(heap, rows)]
    return targets[targets < heap.n]


def structural(heap: Heap, rows: slice) -> npt.NDArray[np.bool_]:
    """bool: which of some rows of the out_ columns lead to a part of the structure that their source is."""
    kind = heap.kind[heap.out_source[rows]]
    parts: npt.NDArray[np.bool_] = (_PART_OF[heap.out_kind[rows]] & _STRUCTURE_OF[kind]) != 0
    return parts


def owned(heap: Heap, sv: int) -> Extent:
    """The SVs that an SV owns, itself included."""
    return _extent(heap, owned_svs(heap, sv))


def owned_svs(heap: Heap, sv: int) -> npt.NDArray[np.int32]:
    """int32, sorted: the SV, and again and again what is strongly referred to and has a refcount of 1."""
    seen, todo = {sv}, [sv]
    while todo:
        if len(seen) > _FEW:
            return owned_among(heap, owning(heap), sv)
        rows = slice(*heap.out_start[(at := todo.pop()) : at + 2])
        targets = heap.out_target[rows][(heap.out_strength[rows] & Strength.STRONG) != 0]
        for target in targets[(targets < heap.n) & (heap.refcount[targets] == 1)].tolist():
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return np.array(sorted(seen), np.int32)


def owned_among(heap: Heap, owns: npt.NDArray[np.uint8], sv: int) -> npt.NDArray[np.int32]:
    """As `owned_svs`; `owns` is what `owning` gives, for who asks more than once."""
    seen, queue = np.zeros(heap.n + 3, np.uint8), np.empty(heap.n + 3, np.int32)
    seen[sv], queue[0] = 1, sv
    reached = graph.reach(heap.out_start, heap.out_target, owns, seen, queue, 1)
    return np.sort(queue[:reached])


def owning(heap: Heap) -> npt.NDArray[np.uint8]:
    """uint8[rows of the out_ columns]: 1 for the references whose target the source owns."""
    alone = np.zeros(heap.n + 3, np.bool_)
    alone[: heap.n] = heap.refcount[: heap.n] == 1
    owns: npt.NDArray[np.bool_] = ((heap.out_strength & Strength.STRONG) != 0) & alone[heap.out_target]
    return owns.view(np.uint8)


def retained(sizes: Retained, sv: int) -> Extent:
    """The SV, and all that would be freed with it."""
    return Extent(int(sizes.bytes[sv]), int(sizes.svs[sv]))


def size_table(heap: Heap, sv: int, sizes: Retained | None = None) -> Table:
    """All sizes of an SV, the retained one where the dominators are given."""
    extents = [("itself", shallow(heap, sv)), ("structure", structure(heap, sv)), ("owned", owned(heap, sv))]
    if sizes is not None:
        extents.append(("retained", retained(sizes, sv)))
    columns = (Column("size", Unit.TEXT), Column("bytes", Unit.BYTES), Column("svs", Unit.COUNT))
    rows: tuple[tuple[Value, ...], ...] = tuple((name, extent.bytes, extent.svs) for name, extent in extents)
    return Table(f"{labels(heap)(sv)} at {heap.address_of(sv):#x}", columns, rows)


def _extent(heap: Heap, svs: npt.NDArray[np.int32]) -> Extent:
    return Extent(int(heap.size[svs].sum()), len(svs))
