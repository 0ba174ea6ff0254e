"""The references of a heap: from the addresses in the records to CSR columns of ids, kinds and strengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.header import Layout
from pmat_lsp.format.kinds import GP_SLOTS, CodeFlag, Kind, RefKind, Strength
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.kernels import linking

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]

_OWNED = Strength.STRONG | Strength.COUNTED

_STRENGTHS: dict[RefKind, Strength] = {
    # The effective glob is a plain pointer (perl's GvEGV), though Devel::MAT calls it strong.
    RefKind.GLOB_EGV: Strength.STRONG,
    RefKind.CODE_STASH: Strength.WEAK,
    RefKind.CODE_PROTOSUB: Strength.INFERRED,
    # sv_bless counts the stash, though Devel::MAT calls the reference weak.
    RefKind.BLESSED: Strength.WEAK | Strength.COUNTED,
    **{kind: Strength.INFERRED for kind in RefKind if kind.name.startswith("SAVED_")},
}
"""The strength of each kind of reference, where it is not STRONG and COUNTED and depends on nothing else."""


@dataclass
class References:
    """References as parallel columns, in no order: SV ids and what `Heap` says of the out_ columns."""

    source: I32
    target: I32
    kind: U8
    detail: I64

    def chosen(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> References:
        """Some of them: those with these numbers, or where a mask is set."""
        return References(self.source[rows], self.target[rows], self.kind[rows], self.detail[rows])


def concatenated(parts: Sequence[References]) -> References:
    """All of them, one part after the other."""
    columns = ([getattr(part, name) for part in parts] for name in ("source", "target", "kind", "detail"))
    return References(*map(np.concatenate, columns))


def references(
    source: npt.ArrayLike, target: npt.ArrayLike, kind: npt.ArrayLike, detail: npt.ArrayLike = 0
) -> References:
    """References from columns that numpy can broadcast to the length of `source`."""
    first = np.asarray(source, np.int32)
    shape = first.shape
    return References(
        first,
        np.broadcast_to(np.asarray(target, np.int32), shape).copy(),
        np.broadcast_to(np.asarray(kind, np.uint8), shape).copy(),
        np.broadcast_to(np.asarray(detail, np.int64), shape).copy(),
    )


@dataclass(frozen=True, eq=False, repr=False)
class Added:
    """References that are no pointers of a record, as `kernels.scan.read` wants them: sorted by source."""

    source: I32
    address: U64
    kind: U8
    strength: U8
    detail: I64

    def of(self, first: int, behind: int) -> Added:
        """Those of the SVs from `first` up to `behind`, which are numbered from 0 on here."""
        rows = slice(*self.source.searchsorted(np.array([first, behind], np.int32)))
        source = self.source[rows] - np.int32(first)
        return Added(source, self.address[rows], self.kind[rows], self.strength[rows], self.detail[rows])


def added(refs: References, strength: U8, address: U64) -> Added:
    """References in any order, those of one SV in their own.

    Args:
        refs: the references.
        strength: uint8, of each.
        address: uint64, of each where it leads to.
    """
    order = np.argsort(refs.source, kind="stable")
    return Added(refs.source[order], address[order], refs.kind[order], strength[order], refs.detail[order])


def nothing_added() -> Added:
    """None at all."""
    return added(references([], [], []), np.zeros(0, np.uint8), np.zeros(0, np.uint64))


def default_strengths() -> U8:
    """uint8[256]: the strength of each kind of reference, where it depends on nothing else."""
    table = np.full(256, _OWNED, np.uint8)
    for ref, strength in _STRENGTHS.items():
        table[ref] = strength
    return table


STRENGTHS = default_strengths()

SETTLED_LATER = (
    *GP_SLOTS,
    RefKind.GLOB_EGV,
    RefKind.CODE_OUTSIDE,
    RefKind.CODE_GLOB,
    RefKind.CODE_CONSTANT,
    RefKind.CODE_GLOBREF,
    RefKind.CODE_PADLIST,
    RefKind.CODE_PADNAMES,
    RefKind.CODE_PAD,
    RefKind.BACKREFS,
    RefKind.LVALUE_TARGET,
    RefKind.MRO_LINEAR_ALL,
    RefKind.MRO_LINEAR_CURRENT,
)
"""References whose strength depends on their target, or on other references."""


def strengths(refs: References, kind: U8, flags: U8, layout: Layout) -> U8:
    """uint8 `Strength` bits of each reference.

    Args:
        refs: all references of the kinds SETTLED_LATER.
        kind: of each SV.
        flags: of each SV.
        layout: of the dump.
    """
    result = STRENGTHS[refs.kind]
    source_flags = flags[refs.source]

    def weaken(mask: npt.NDArray[np.bool_], strength: Strength = Strength.WEAK) -> None:
        result[mask] = strength

    weaken((refs.kind == RefKind.GLOB_EGV) & (refs.source == refs.target))
    weaken((refs.kind == RefKind.CODE_OUTSIDE) & ((source_flags & CodeFlag.WEAKOUTSIDE) != 0))
    weaken((refs.kind == RefKind.CODE_GLOB) & ((source_flags & CodeFlag.CVGV_RC) == 0))
    weaken((refs.kind == RefKind.BACKREFS) & (kind[refs.target] != Kind.ARRAY))
    # perl leaves the target of an LVALUE uncounted where it is the LVALUE itself (not yet an element).
    weaken((refs.kind == RefKind.LVALUE_TARGET) & (refs.source == refs.target))
    # The current linearisation is a second pointer to one that the HV of all of them owns, where there is such an HV.
    has_all = np.zeros(len(kind), np.bool_)
    has_all[refs.source[refs.kind == RefKind.MRO_LINEAR_ALL]] = True
    weaken((refs.kind == RefKind.MRO_LINEAR_CURRENT) & has_all[refs.source], Strength.STRONG)
    if layout.ithreads:
        weaken((refs.kind == RefKind.CODE_CONSTANT) | (refs.kind == RefKind.CODE_GLOBREF), Strength.INDIRECT)
    has_padlist = np.zeros(len(kind), np.bool_)
    has_padlist[refs.source[refs.kind == RefKind.CODE_PADLIST]] = True
    in_padlist = (refs.kind == RefKind.CODE_PAD) | (refs.kind == RefKind.CODE_PADNAMES)
    weaken(in_padlist & has_padlist[refs.source], Strength.INDIRECT)
    return result


def shared_slots_counted_once(refs: References, strength: U8, nodes: int) -> None:
    """Clear COUNTED on the slots of a glob that shares them with another one: `*copy = *STDERR` makes one set of slots.

    A glob that shares its slots (perl's GP) names the glob that they were made for as its effective glob.

    Args:
        refs: all references of the kinds SETTLED_LATER.
        strength: uint8, in and out.
        nodes: number of SVs.
    """
    effective = np.full(nodes, -1, np.int32)
    is_effective = refs.kind == RefKind.GLOB_EGV
    effective[refs.source[is_effective]] = refs.target[is_effective]
    slots = np.flatnonzero(np.isin(refs.kind, GP_SLOTS))
    owner = effective[refs.source[slots]]
    shared = slots[(owner >= 0) & (owner != refs.source[slots])]
    if not len(shared):
        return
    owned = slots[np.isin(refs.source[slots], distinct(owner[owner >= 0]))]
    columns = (refs.source[owned].tolist(), refs.kind[owned].tolist(), refs.target[owned].tolist())
    of_owners = set(zip(*columns, strict=True))
    for row in shared.tolist():
        if (int(effective[refs.source[row]]), int(refs.kind[row]), int(refs.target[row])) in of_owners:
            strength[row] = Strength.STRONG


def shared_ops_counted_once(refs: References, strength: U8, codes: I32, oproots: U64) -> None:
    """Clear COUNTED on constants and globs of ops that several CODEs share: an op tree owns them once.

    Without ithreads every clone of a closure lists the same constants, which its shared op tree holds one count of.

    Args:
        refs: all references of the kinds SETTLED_LATER.
        strength: uint8, in and out.
        codes: int32[codes], ascending: the ids of all CODEs.
        oproots: uint64[codes], of each the address of its op tree, 0 for none.
    """
    rows = np.flatnonzero(
        ((refs.kind == RefKind.CODE_CONSTANT) | (refs.kind == RefKind.CODE_GLOBREF))
        & ((strength & Strength.COUNTED) != 0)
    )
    if not len(rows):
        return
    # The first CODE of each op tree keeps its references counted, even where an op tree names one SV twice.
    roots = oproots[np.searchsorted(codes, refs.source[rows])]
    first_code = {int(root): int(source) for root, source in zip(roots[::-1], refs.source[rows][::-1], strict=True)}
    owner = np.array([first_code[int(root)] for root in roots], np.int32)
    strength[rows[(refs.source[rows] != owner) & (roots != 0)]] = Strength.STRONG


def to_csr(source: I32, nodes: int) -> tuple[I32, I32]:
    """(int32[nodes + 1] starts, the stable order of rows by source)."""
    start, order = np.zeros(nodes + 1, np.int32), np.empty(len(source), np.int32)
    linking.count_sort(np.ascontiguousarray(source), start, order)
    return start, order
