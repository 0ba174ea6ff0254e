"""From addresses to rows, and from rows to their order in a CSR form."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython


@cython.boundscheck(False)
@cython.wraparound(False)
def count_sort(
    key: cython.const[cython.int][::1],
    start: cython.int[::1],
    order: cython.int[::1],
) -> None:
    """Sort rows by a key that is a small number; rows of one key keep their order.

    Args:
        key: int32[rows], 0 to keys - 1.
        start: int32[keys + 1], zeros, out: those of key i stand in `order` from start[i] up to start[i + 1].
        order: int32[rows], out: the rows in the order of their keys.
    """
    rows: cython.Py_ssize_t = len(key)
    keys: cython.Py_ssize_t = len(start) - 1
    i: cython.Py_ssize_t
    before: cython.int = 0
    count: cython.int
    with cython.nogil:
        for i in range(rows):
            start[key[i]] += 1
        for i in range(keys + 1):
            count = start[i]
            start[i] = before
            before += count
        # Each start moves on to the next one while its rows are put in place; then all move back by one.
        for i in range(rows):
            order[start[key[i]]] = cython.cast(cython.int, i)
            start[key[i]] += 1
        for i in range(keys, 0, -1):
            start[i] = start[i - 1]
        start[0] = 0


@cython.cfunc
@cython.inline
@cython.nogil
@cython.boundscheck(False)
@cython.wraparound(False)
@cython.exceptval(check=False)
def row_of(
    address: cython.const[cython.ulonglong][::1],
    immortals: cython.const[cython.ulonglong][::1],
    first: cython.const[cython.int][::1],
    bits: cython.int,
    wanted: cython.ulonglong,
) -> cython.int:
    """The row of one address, see `find`."""
    rows: cython.int = cython.cast(cython.int, len(address))
    buckets: cython.Py_ssize_t = len(first) - 1
    i: cython.int
    low: cython.int
    high: cython.int
    middle: cython.int
    bucket: cython.ulonglong
    if rows and wanted >= address[0]:
        bucket = (wanted - address[0]) >> bits
        if bucket < cython.cast(cython.ulonglong, buckets):
            low, high = first[bucket], first[bucket + 1]
            while low < high:
                middle = low + ((high - low) >> 1)
                if address[middle] < wanted:
                    low = middle + 1
                else:
                    high = middle
            if low < rows and address[low] == wanted:
                return low
    for i in range(cython.cast(cython.int, len(immortals))):
        if immortals[i] == wanted and wanted != 0:
            return rows + i
    return -1


@cython.boundscheck(False)
@cython.wraparound(False)
def find(
    address: cython.const[cython.ulonglong][::1],
    immortals: cython.const[cython.ulonglong][::1],
    first: cython.const[cython.int][::1],
    bits: cython.int,
    wanted: cython.const[cython.ulonglong][::1],
    found: cython.int[::1],
) -> None:
    """Find the rows of addresses: in the bucket of each by halving.

    SVs lie close together, so that a bucket holds few; where they do not, it is an ordinary binary search.

    Args:
        address: uint64[rows], sorted, unique.
        immortals: uint64[any], further addresses, whose rows are those behind the last; 0 stands for none.
        first: int32[buckets + 1], the first row in bucket i or behind it: bucket i has the addresses from
            address[0] + (i << bits) up to the next bucket's. The last entry is the number of rows.
        bits: as above.
        wanted: uint64[any].
        found: int32[any], out: the row of each address, -1 where there is none.
    """
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(len(wanted)):
            found[i] = row_of(address, immortals, first, bits, wanted[i])


@cython.boundscheck(False)
@cython.wraparound(False)
def resolve(
    address: cython.const[cython.ulonglong][::1],
    immortals: cython.const[cython.ulonglong][::1],
    first: cython.const[cython.int][::1],
    bits: cython.int,
    wanted: cython.const[cython.ulonglong][::1],
    row: cython.const[cython.int][::1],
    source: cython.int[::1],
    target: cython.int[::1],
    kind: cython.uchar[::1],
    detail: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Turn references between addresses into references between rows, and drop those that lead nowhere.

    In place and in one pass, since there are more references than anything else.

    Args:
        address: see `find`; likewise the next three.
        immortals: see `find`.
        first: see `find`.
        bits: see `find`.
        wanted: uint64[references], the address that each leads to.
        row: int32[any], the row of each thing that has references, -1 for one that is not used.
        source: int32[references], in: the thing; out: its row.
        target: int32[references], out: the row of the address; it may share nothing with `wanted`.
        kind: uint8[references], in and out.
        detail: int64[references], in and out.

    Returns:
        How many references are left; they are the first of each array, in the order in which they were.
    """
    i: cython.Py_ssize_t
    left: cython.Py_ssize_t = 0
    from_: cython.int
    to: cython.int
    with cython.nogil:
        for i in range(len(wanted)):
            from_ = row[source[i]]
            if from_ < 0:
                continue
            to = row_of(address, immortals, first, bits, wanted[i])
            if to < 0:
                continue
            source[left] = from_
            target[left] = to
            kind[left] = kind[i]
            detail[left] = detail[i]
            left += 1
    return left
