"""The shared string table: every hash key that perl keeps, once for all hashes that have it."""

from __future__ import annotations

from collections import Counter
from heapq import nsmallest

from pmat_lsp.analysis.tables import Column, Table, Unit
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import HASH_KINDS
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.privacy import shown_key
from pmat_lsp.heap.progress import Progress, no_progress, watched
from pmat_lsp.heap.values import hash_keys
from pmat_lsp.units import format_bytes, format_count

_COLUMNS = (Column("key", Unit.TEXT), Column("hashes", Unit.COUNT), Column("bytes", Unit.BYTES))
_OFTEN = 1024


def strtab_table(heap: Heap, most: int, progress: Progress = no_progress) -> Table:
    """The keys of the shared string table: in how many hashes each is, packages among them, and how long it is.

    The commonest are first, of these the longest. A key that is in no hash is the name of a package, sub, variable or
    file, or the text of a string that perl shares. A key that is there with and without UTF-8 is told once.

    Args:
        heap: of the table.
        most: so many keys are told.
        progress: called now and then.

    Raises:
        PmatError: the dump does not have the table.
    """
    table = next((root.sv for root in heap.roots if root.name == "strtab"), -1)
    if table < 0 or heap.kind[table] not in HASH_KINDS:
        raise PmatError(f"{heap.path}: the dump does not have the shared string table")
    hashes = [sv for sv in heap.ids_of(*HASH_KINDS).tolist() if sv != table]
    counts: Counter[bytes] = Counter()
    for done, sv in enumerate(hashes):
        counts.update(watched(hash_keys(heap, sv), progress, "keys", int(heap.length[sv])))
        if done % _OFTEN == 0:
            progress("keys", done, len(hashes))
    different = set(watched(hash_keys(heap, table), progress, "shared keys", int(heap.length[table])))
    in_order = watched(different, progress, "sorting", len(different))
    keys = nsmallest(most, in_order, key=lambda key: (-counts[key], -len(key), key))
    title = f"{format_count(len(different), 'shared key')}, {format_bytes(int(heap.size[table]))} in all"
    rows = tuple((shown_key(heap, table, key), counts[key], len(key)) for key in keys)
    return Table(title, _COLUMNS, rows, len(different) - len(rows))
