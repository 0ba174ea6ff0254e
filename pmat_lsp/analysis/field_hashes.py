"""Objects that entries of a field hash keep alive, which lead back to the very objects that they belong to.

Hash::Util::FieldHash drops an entry when the object whose address is its key is freed. Where the value holds the object
the entry is never dropped, and the object never freed. It is no lost SV, since the field hash is alive; what really
keeps it is found as by a collector of ephemerons (Hayes, 1997): a value counts only once its key is reached.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.names import name_of
from pmat_lsp.analysis.ownership import Mask, components_of, reached_beyond, reached_from_roots
from pmat_lsp.analysis.result import FieldHashLoop
from pmat_lsp.analysis.rows import rows_from
from pmat_lsp.format.kinds import Kind, RefKind, Strength
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.magic import magics_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.references import to_csr
from pmat_lsp.heap.values import read_strings

_PACKAGE = "Hash::Util::FieldHash"
_MAGIC = "U"
"""The type of the magic on a field hash."""
MOST_HASHES = 10
"""So many field hashes are told."""
MOST_ROUNDS = 50
"""So often values are followed whose keys have just been reached; a longer chain counts as reached."""


def field_hash_loops(heap: Heap) -> tuple[FieldHashLoop, ...]:
    """One for each field hash that has such entries, those of most entries first."""
    rows, keys = _entries(heap)
    if not len(rows):
        return ()
    alive = reached_from_roots(heap, np.empty(0, np.int64))
    needed = _needed(heap, rows, keys)
    kept = alive & ~needed
    held = kept[keys] & alive[heap.out_source[rows]]
    back = rows[held][_lead_back(heap, rows[held], keys[held], kept)]
    hashes = [(int((heap.out_source[back] == sv).sum()), sv) for sv in distinct(heap.out_source[back]).tolist()]
    return tuple(_loop(heap, sv, back, needed) for _, sv in sorted(hashes, reverse=True)[:MOST_HASHES])


def _lead_back(heap: Heap, rows: npt.NDArray[np.int64], keys: npt.NDArray[np.int32], kept: Mask) -> Mask:
    """bool, one an entry: whether its value leads to its key, perhaps through other entries."""
    inner = np.flatnonzero(kept[heap.out_source] & kept[heap.out_target])
    source = np.concatenate((heap.out_source[inner], keys)).astype(np.int32)
    target = np.concatenate((heap.out_target[inner], heap.out_target[rows])).astype(np.int32)
    follow = np.concatenate(((heap.out_strength[inner] & Strength.COUNTED) != 0, np.ones(len(rows), np.bool_)))
    start, order = to_csr(source, heap.n + 3)
    component, _ = components_of(start, target[order], follow[order].astype(np.uint8), np.flatnonzero(kept))
    found: Mask = component[keys] == component[heap.out_target[rows]]
    return found


def _loop(heap: Heap, field_hash: int, back: npt.NDArray[np.int64], needed: Mask) -> FieldHashLoop:
    rows = back[heap.out_source[back] == field_hash]
    kept = reached_beyond(heap, needed, heap.out_target[rows], back) & ~needed
    objects = heap.objects[kept[heap.objects]]
    classes = Counter(heap.class_of(int(sv)) for sv in objects.tolist())
    package = max(classes, key=lambda name: (classes[name], name or ""), default=None)
    name = name_of(heap, field_hash)
    return FieldHashLoop(field_hash, name.text if name else "", len(rows), len(objects), package)


def _needed(heap: Heap, rows: npt.NDArray[np.int64], keys: npt.NDArray[np.int32]) -> Mask:
    """bool[n + 3]: what is reached when a value counts only once its key and its hash are."""
    needed = reached_from_roots(heap, rows)
    for _ in range(MOST_ROUNDS):
        due = needed[keys] & needed[heap.out_source[rows]] & ~needed[heap.out_target[rows]]
        if not due.any():
            return needed
        needed = reached_beyond(heap, needed, heap.out_target[rows[due]], rows)
    return reached_from_roots(heap, np.empty(0, np.int64))


def _entries(heap: Heap) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """(int64: rows of the out_ columns, the values in field hashes; int32: the SVs whose addresses are their keys)."""
    rows = rows_from(heap, np.array(_field_hashes(heap), np.int32))[0]
    rows = rows[heap.out_kind[rows] == RefKind.VALUE]
    keys = np.full(len(rows), -1, np.int32)
    for index, text in read_strings(heap, heap.out_detail[rows]):
        if text.isdigit() and len(text) <= 20:
            keys[index] = heap.id_at(int(text))
    known = (keys >= 0) & (keys < heap.n)
    return rows[known].astype(np.int64), keys[known]


def _field_hashes(heap: Heap) -> list[int]:
    loaded = any(heap.strings[name] == _PACKAGE for name in heap.stashes.name[heap.stashes.name >= 0].tolist())
    svs = distinct(heap.extensions.sv) if loaded else np.empty(0, np.int32)
    hashes = svs[heap.kind[svs] == Kind.HASH].tolist()
    return [sv for sv in hashes if any(magic.type == _MAGIC for magic in magics_of(heap, sv))]
