"""What many SVs are, at once: `heap.naming` is asked once for all that are alike, which are few."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.alike import alike
from pmat_lsp.analysis.rows import rows_from
from pmat_lsp.format.kinds import ARRAY_KINDS, HASH_KINDS, Kind, RefKind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import description, root_names, struct_name

I64 = npt.NDArray[np.int64]
Svs = npt.NDArray[np.integer]
_COUNTED = np.isin(np.arange(256), (*HASH_KINDS, *ARRAY_KINDS))
"""bool[256]: the kinds that are described with their length."""
_SLOT = np.zeros(256, np.int64)
"""int64[256], by RefKind: one bit for each slot of a GLOB, and one for the value of a constant sub."""
_SLOT[[kind for kind in RefKind if kind.name.startswith("GLOB_")]] = 1 << np.arange(7)
_SLOT[RefKind.CODE_CONSTVAL] = 1 << 7
_PERL_CODE = 1 << 8


def descriptions(heap: Heap, svs: Svs) -> list[str]:
    """As `naming.description` of each of some SVs."""
    first, which = alike(_looks(heap, svs))
    texts = [description(heap, sv) for sv in svs[first].tolist()]
    return [texts[at] for at in which.tolist()]


def all_described(heap: Heap, svs: Svs) -> list[str]:
    """As `naming.described` of each of some SVs."""
    first, which = alike(_looks(heap, svs), heap.blessed[svs])
    beginnings = []
    for sv in svs[first].tolist():
        package = heap.class_of(sv)
        beginnings.append(description(heap, sv) + (f"={package}" if package is not None else "") + " at 0x")
    texts = [
        f"{beginnings[at]}{address:x}" for at, address in zip(which.tolist(), heap.address[svs].tolist(), strict=True)
    ]
    roots = root_names(heap)
    for at in np.flatnonzero(np.isin(svs, list(roots))).tolist():
        texts[at] += f"={roots[int(svs[at])]}"
    return texts


def _looks(heap: Heap, svs: Svs) -> I64:
    """int64: a number for each SV, the same for those that have the same description."""
    kind = heap.kind[svs]
    # Less than 2**40: the dump has some bytes for each element.
    detail = np.where(_COUNTED[kind], heap.length[svs], 0)
    immortal = svs >= heap.n
    detail[immortal] = svs[immortal] - heap.n
    slotted = np.flatnonzero((kind == Kind.GLOB) | (kind == Kind.CODE))
    detail[slotted] = _slots(heap, svs[slotted])
    codes = np.flatnonzero(kind == Kind.CODE)
    is_perl = heap.codes.oproot[np.searchsorted(heap.codes.sv, svs[codes])] != 0
    detail[codes] += np.where(is_perl, _PERL_CODE, 0)
    structs = np.flatnonzero(kind == Kind.C_STRUCT)
    names: dict[str, int] = {}
    detail[structs] = [names.setdefault(struct_name(heap, sv), len(names)) for sv in svs[structs].tolist()]
    looks: I64 = detail << 16 | kind.astype(np.int64) << 8 | heap.flags[svs]
    return looks


def _slots(heap: Heap, svs: Svs) -> I64:
    """int64: which slots each of some GLOBs and CODEs has."""
    rows, which = rows_from(heap, svs)
    slots = np.zeros(len(svs), np.int64)
    np.bitwise_or.at(slots, which, _SLOT[heap.out_kind[rows]])
    return slots
