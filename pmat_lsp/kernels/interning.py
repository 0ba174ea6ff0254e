"""Finding equal strings among many, without making objects of them."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython


@cython.wraparound(False)
def first_equal(
    data: cython.const[cython.uchar][::1],
    start: cython.const[cython.longlong][::1],
    end: cython.const[cython.longlong][::1],
    seed: cython.ulonglong,
    table: cython.int[::1],
    first: cython.int[::1],
) -> None:
    """Find for each string the first one that is equal to it, by a hash table with open addressing.

    Args:
        data: the whole dump.
        start: int64[strings], where each string starts in `data`.
        end: int64[strings], where it ends; the caller has checked that it lies inside the data.
        seed: any number; a dump that was made to be slow would have to know it.
        table: int32[a power of two, more than there are strings], all -1, for the algorithm.
        first: int32[strings], out: the number of the first string with the same bytes.
    """
    strings: cython.Py_ssize_t = len(start)
    mask: cython.ulonglong = len(table) - 1
    i: cython.Py_ssize_t
    at: cython.Py_ssize_t
    other: cython.Py_ssize_t
    length: cython.Py_ssize_t
    slot: cython.Py_ssize_t
    # FNV-1a; plain Python cuts its numbers to 64 bits by hand.
    hash_: cython.ulonglong
    basis: cython.ulonglong = 0xCBF29CE484222325
    prime: cython.ulonglong = 0x100000001B3
    bits: cython.ulonglong = 0xFFFFFFFFFFFFFFFF
    candidate: cython.int
    with cython.nogil:
        for i in range(strings):
            length = cython.cast(cython.Py_ssize_t, end[i] - start[i])
            hash_ = basis ^ seed
            for at in range(cython.cast(cython.Py_ssize_t, start[i]), cython.cast(cython.Py_ssize_t, end[i])):
                hash_ = ((hash_ ^ cython.cast(cython.ulonglong, data[at])) * prime) & bits
            slot = cython.cast(cython.Py_ssize_t, (hash_ ^ (hash_ >> 32)) & mask)
            while True:
                candidate = table[slot]
                if candidate < 0:
                    table[slot] = cython.cast(cython.int, i)
                    first[i] = cython.cast(cython.int, i)
                    break
                if end[candidate] - start[candidate] == length:
                    at = cython.cast(cython.Py_ssize_t, start[i])
                    other = cython.cast(cython.Py_ssize_t, start[candidate])
                    while at < end[i] and data[at] == data[other]:
                        at += 1
                        other += 1
                    if at == end[i]:
                        first[i] = candidate
                        break
                slot = cython.cast(cython.Py_ssize_t, (slot + 1) & mask)
