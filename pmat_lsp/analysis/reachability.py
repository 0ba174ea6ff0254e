"""What SVs are there for: the symbol table, the program's data, its variables, pads, or perl itself.

The classes are those of Devel::MAT's tool of this name. It leaves an SV that is a variable and is also reached as data
to the order of a hash; here it is a variable. It follows weak references, too; here what no root holds is unreachable,
whatever points to it weakly: the lost SVs of `analysis.ownership`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.ownership import Ownership
from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import GP_SLOTS, STASH_KINDS, Kind, RefKind, Strength
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described
from pmat_lsp.kernels import graph

Mask = npt.NDArray[np.bool_]
_OWNED = Strength.STRONG | Strength.COUNTED | Strength.INDIRECT
_DATA = (
    *GP_SLOTS,
    RefKind.REFERENT,
    RefKind.ELEMENT,
    RefKind.VALUE,
    RefKind.FIELD,
    RefKind.GLOB_EGV,
    RefKind.CODE_OUTSIDE,
    RefKind.CODE_CONSTVAL,
    RefKind.CODE_CONSTANT,
    RefKind.CODE_GLOBREF,
    RefKind.CODE_PADLIST,
    RefKind.CODE_PADNAMES,
    RefKind.CODE_PAD,
    RefKind.PADLIST_NAMES,
    RefKind.PADLIST_PAD,
    RefKind.PADNAMES_ELEMENT,
    RefKind.PAD_LEXICAL,
)
_PAD_KINDS = (Kind.PADLIST, Kind.PADNAMES, Kind.PAD)
_PROTOTYPE = "&"
"""The name of a slot of a pad that holds the prototype of closures."""


class Reach(IntEnum):
    """A class of SVs."""

    UNREACHABLE = 0
    """No root holds it."""
    SYMTAB = 1
    """A package or a glob in one."""
    USER = 2
    """Data in package variables or variables, and all that is reached from them; subs."""
    PADLIST = 3
    """The pads of subs and the names of their variables."""
    LEXICAL = 4
    """A lexical variable."""
    INTERNAL = 5
    """What perl needs for itself: temporaries, magic, caches."""


_MEANINGS = {
    Reach.SYMTAB: "packages and their globs",
    Reach.USER: "package variables, subs, and data",
    Reach.LEXICAL: "lexical variables",
    Reach.PADLIST: "pads, and names of lexicals",
    Reach.INTERNAL: "perl's own: temporaries, magic, caches",
    Reach.UNREACHABLE: "held by no root: lost",
}
CLASSES = tuple(reach.name.lower() for reach in _MEANINGS)
"""The names of the classes, in the order in which they are told."""


def reachability(heap: Heap, ownership: Ownership) -> npt.NDArray[np.uint8]:
    """uint8[n]: the `Reach` of each SV."""
    owned = (heap.out_strength & _OWNED) != 0
    symtab = _symbol_table(heap, owned)
    data = _program_data(heap, owned, symtab)
    pads = np.isin(heap.kind, _PAD_KINDS) | _targets(heap, data, (RefKind.PADNAMES_ELEMENT,))
    reach = np.where(ownership.lost, Reach.UNREACHABLE, Reach.INTERNAL).astype(np.uint8)
    n = heap.n
    reach[data[:n]] = Reach.USER
    reach[data[:n] & _lexicals(heap, data)[:n]] = Reach.LEXICAL
    reach[data[:n] & pads[:n]] = Reach.PADLIST
    reach[symtab[:n]] = Reach.SYMTAB
    reach[ownership.lost] = Reach.UNREACHABLE
    return reach


def reachability_table(heap: Heap, reach: npt.NDArray[np.uint8]) -> Table:
    """How many SVs and bytes each class has."""
    columns = (
        Column("class", Unit.TEXT),
        Column("svs", Unit.COUNT),
        Column("bytes", Unit.BYTES),
        Column("meaning", Unit.TEXT),
    )
    rows: list[tuple[Value, ...]] = []
    for one, meaning in _MEANINGS.items():
        mask = reach == one
        rows.append((one.name.lower(), int(np.count_nonzero(mask)), int(heap.size[: heap.n][mask].sum()), meaning))
    return Table("SVs by what they are reached as", columns, tuple(rows))


def reached_svs_table(heap: Heap, reach: npt.NDArray[np.uint8], name: str, most: int) -> Table:
    """The first SVs of one of CLASSES."""
    svs = np.flatnonzero(reach == Reach[name.upper()])
    columns = (Column("sv", Unit.SV), Column("is", Unit.TEXT), Column("size", Unit.BYTES))
    rows = tuple((heap.address_of(sv), described(heap, sv), int(heap.size[sv])) for sv in svs[:most].tolist())
    return Table(f"SVs of class {name}", columns, rows, len(svs) - len(rows))


def _symbol_table(heap: Heap, owned: Mask) -> Mask:
    """bool[n + 3]: the packages below the default one, and their globs."""
    stash = np.isin(heap.kind, STASH_KINDS)
    value = (heap.out_kind == RefKind.VALUE) & stash[heap.out_source] & (heap.kind[heap.out_target] == Kind.GLOB)
    package = (heap.out_kind == RefKind.GLOB_HASH) & stash[heap.out_target]
    return _reached(heap, owned & (value | package), np.zeros(heap.n + 3, np.bool_), _roots(heap, "defstash"))


def _program_data(heap: Heap, owned: Mask, symtab: Mask) -> Mask:
    """bool[n + 3]: what code can reach from the globs of the symbol table and the main program."""
    rows = owned & symtab[heap.out_source] & np.isin(heap.out_kind, (*GP_SLOTS, RefKind.VALUE))
    starts = distinct(heap.out_target[rows & ~symtab[heap.out_target]])
    main = [sv for sv in _roots(heap, "main_cv") if not symtab[sv]]
    return _reached(heap, owned & np.isin(heap.out_kind, _DATA), symtab, np.union1d(starts, main)) & ~symtab


def _lexicals(heap: Heap, data: Mask) -> Mask:
    """bool[n + 3]: what the named slots of pads in `data` hold, prototypes of closures left out."""
    prototypes = [heap.string(int(name)) == _PROTOTYPE for name in distinct(heap.padnames.name)]
    named = np.isin(heap.padnames.name, distinct(heap.padnames.name)[prototypes])
    slots = (heap.padnames.code[named].astype(np.int64) << 32) | heap.padnames.index[named]
    rows = (heap.out_kind == RefKind.PAD_LEXICAL) & data[heap.out_source]
    of_pads = np.flatnonzero(rows)
    slot = (heap.owner[heap.out_source[of_pads]].astype(np.int64) << 32) | heap.out_detail[of_pads]
    rows[of_pads[np.isin(slot, slots)]] = False
    return _marked(heap, heap.out_target[rows])


def _targets(heap: Heap, sources: Mask, kinds: Iterable[RefKind]) -> Mask:
    return _marked(heap, heap.out_target[np.isin(heap.out_kind, list(kinds)) & sources[heap.out_source]])


def _marked(heap: Heap, svs: npt.NDArray[np.int32]) -> Mask:
    mask = np.zeros(heap.n + 3, np.bool_)
    mask[svs] = True
    return mask


def _roots(heap: Heap, name: str) -> list[int]:
    return [root.sv for root in heap.roots if root.name == name][:1]


def _reached(heap: Heap, follow: Mask, without: Mask, starts: npt.ArrayLike) -> Mask:
    """bool[n + 3]: `without`, and what is reached from the starts without going through it."""
    first = np.asarray(starts, np.int32)
    seen = without.astype(np.uint8)
    seen[first] = 1
    queue = np.empty(heap.n + 3, np.int32)
    queue[: len(first)] = first
    graph.reach(heap.out_start, heap.out_target, follow.astype(np.uint8), seen, queue, len(first))
    return seen.astype(np.bool_)
