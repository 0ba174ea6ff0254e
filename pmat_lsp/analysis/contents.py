"""What arrays and hashes hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import ARRAY_KINDS, HASH_KINDS, STASH_KINDS
from pmat_lsp.heap.describe import referent
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described, key_text
from pmat_lsp.heap.privacy import shown_key
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.valued import described_with_value
from pmat_lsp.heap.values import Entry, elements, hash_entries

_IS = (Column("sv", Unit.SV), Column("is", Unit.TEXT))
_ROWS_BETWEEN_CALLS = 1 << 12
_LONGEST_CHAIN = 20


def elements_table(
    heap: Heap, sv: int, start: int = 0, count: int | None = None, progress: Progress = no_progress
) -> Table:
    """The elements of an array, or of what a reference leads to, each with its index.

    Args:
        heap: of the dump.
        sv: an array, or a reference to one.
        start: index of the first element to tell.
        count: elements to tell; None for all.
        progress: called now and then.

    Raises:
        PmatError: it is no array.
    """
    array = _followed(heap, sv)
    if heap.kind[array] not in ARRAY_KINDS:
        other = "`values` lists what a hash holds." if heap.kind[array] in HASH_KINDS else _SHOW
        raise PmatError(f"{described(heap, array)} has no elements", other)
    rows: list[tuple[Value, ...]] = []
    length = int(heap.length[array])
    found = enumerate(elements(heap, array))
    for index, element in islice(found, start, None if count is None else start + count):
        _tell(progress, "elements", len(rows), length)
        rows.append((index, *_is(heap, element)))
    more = max(length - start - len(rows), 0)
    return Table(described(heap, array), (Column("index", Unit.COUNT), *_IS), tuple(rows), more)


def values_table(
    heap: Heap, sv: int, skip: int = 0, count: int | None = None, progress: Progress = no_progress
) -> Table:
    """The values of a hash or package, or of what a reference leads to, in the order of the keys' bytes.

    Of each: the key, the key as an access (`{name}`, `{"two words"}`), the value.

    Args:
        heap: of the dump.
        sv: a hash or package, or a reference to one.
        skip: values to leave out before the first that is told.
        count: values to tell; None for all.
        progress: called now and then.

    Raises:
        PmatError: it is no hash.
    """
    table = _followed(heap, sv)
    if heap.kind[table] not in HASH_KINDS:
        other = "`elems` lists what an array holds." if heap.kind[table] in ARRAY_KINDS else _SHOW
        raise PmatError(f"{described(heap, table)} has no values", other)
    is_stash = heap.kind[table] in STASH_KINDS
    entries: list[Entry] = []
    for entry in hash_entries(heap, table):
        _tell(progress, "keys", len(entries), int(heap.length[table]))
        entries.append(entry)
    entries.sort(key=lambda entry: entry.key)
    rows: list[tuple[Value, ...]] = []
    for entry in entries[skip : None if count is None else skip + count]:
        _tell(progress, "values", len(rows), len(entries))
        access = key_text(heap, table, entry.key, is_stash)
        rows.append((shown_key(heap, table, entry.key), access, *_is(heap, entry.value)))
    columns = (Column("key", Unit.TEXT), Column("access", Unit.TEXT), *_IS)
    return Table(described(heap, table), columns, tuple(rows), max(len(entries) - skip - len(rows), 0))


_SHOW = "`show` tells what it is."


def _followed(heap: Heap, sv: int) -> int:
    """What a reference leads to, over further references."""
    for _ in range(_LONGEST_CHAIN):
        if (held := referent(heap, sv)) is None:
            break
        sv = held[0]
    return sv


def _is(heap: Heap, sv: int) -> Sequence[Value]:
    return (heap.address_of(sv), described_with_value(heap, sv)) if sv >= 0 else (None, "NULL")


def _tell(progress: Progress, stage: str, done: int, total: int) -> None:
    if done % _ROWS_BETWEEN_CALLS == 0:
        progress(stage, done, total)
