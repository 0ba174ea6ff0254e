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
    start: cython.longlong[::1],
    order: cython.int[::1],
) -> None:
    """Sort rows by a key that is a small number; rows of one key keep their order.

    Args:
        key: int32[rows], 0 to keys - 1.
        start: int64[keys + 1], zeros, out: those of key i stand in `order` from start[i] up to start[i + 1].
        order: int32[rows], out: the rows in the order of their keys.
    """
    rows: cython.Py_ssize_t = len(key)
    keys: cython.Py_ssize_t = len(start) - 1
    i: cython.Py_ssize_t
    before: cython.longlong = 0
    count: cython.longlong
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


@cython.boundscheck(False)
@cython.wraparound(False)
def find(
    address: cython.const[cython.ulonglong][::1],
    first: cython.const[cython.int][::1],
    bits: cython.int,
    wanted: cython.const[cython.ulonglong][::1],
    found: cython.int[::1],
) -> None:
    """Find the rows of addresses: in the bucket of each by halving.

    SVs lie close together, so that a bucket holds few; where they do not, it is an ordinary binary search.

    Args:
        address: uint64[rows], sorted, unique, one at least.
        first: int32[buckets + 1], the first row in bucket i or behind it: bucket i has the addresses from
            address[0] + (i << bits) up to the next bucket's. The last entry is the number of rows.
        bits: as above.
        wanted: uint64[any].
        found: int32[any], out: the row of each address, -1 where there is none.
    """
    buckets: cython.Py_ssize_t = len(first) - 1
    count: cython.Py_ssize_t = len(wanted)
    i: cython.Py_ssize_t
    low: cython.int
    high: cython.int
    middle: cython.int
    bucket: cython.ulonglong
    least: cython.ulonglong = address[0]
    with cython.nogil:
        for i in range(count):
            found[i] = -1
            if wanted[i] < least:
                continue
            bucket = (wanted[i] - least) >> bits
            if bucket >= cython.cast(cython.ulonglong, buckets):
                continue
            low, high = first[bucket], first[bucket + 1]
            while low < high:
                middle = low + ((high - low) >> 1)
                if address[middle] < wanted[i]:
                    low = middle + 1
                else:
                    high = middle
            if low < first[buckets] and address[low] == wanted[i]:
                found[i] = low
