"""From addresses to ids of SVs and back, and from ids to their order in a CSR form.

The addresses of a heap lie close together, so they are kept as a set of bits: one word for each 64 addresses among
which there is an SV, with how many SVs there are before it.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython


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
@cython.exceptval(check=False)
def bits_set(word: cython.ulonglong) -> cython.int:
    """How many bits of a word are set."""
    if not cython.compiled:
        return int(word).bit_count()
    # Sums of 2, 4 and 8 bits side by side; the multiplication adds the bytes up in the highest one.
    ones: cython.ulonglong = 0x0101010101010101
    twos: cython.ulonglong = ones * 0x33
    fours: cython.ulonglong = ones * 0x0F
    word = word - ((word >> 1) & (ones * 0x55))
    word = (word & twos) + ((word >> 2) & twos)
    word = (word + (word >> 4)) & fours
    return cython.cast(cython.int, (word * ones) >> 56)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.wraparound(False)
@cython.exceptval(-2, check=False)
def id_of(
    key: cython.const[cython.ulonglong][::1],
    bits: cython.const[cython.ulonglong][::1],
    rank: cython.const[cython.int][::1],
    alignment: cython.int,
    first: cython.const[cython.int][::1],
    bucket: cython.int,
    immortals: cython.const[cython.ulonglong][::1],
    wanted: cython.ulonglong,
) -> cython.int:
    """The id of one address, see `find`."""
    words: cython.Py_ssize_t = len(key)
    i: cython.int
    low: cython.int
    high: cython.int
    middle: cython.int
    one: cython.ulonglong = 1
    key_wanted: cython.ulonglong = wanted >> (alignment + 6)
    at: cython.ulonglong
    word: cython.ulonglong
    if words and key_wanted >= key[0] and key_wanted <= key[words - 1] and wanted & ((one << alignment) - 1) == 0:
        at = (key_wanted - cython.cast(cython.ulonglong, key[0])) >> bucket
        low, high = first[at], first[at + 1]
        while low < high:
            middle = low + ((high - low) >> 1)
            if key[middle] < key_wanted:
                low = middle + 1
            else:
                high = middle
        if low < words and key[low] == key_wanted:
            word = cython.cast(cython.ulonglong, bits[low])
            one = one << ((wanted >> alignment) & 63)
            if word & one:
                return rank[low] + bits_set(word & (one - 1))
    for i in range(cython.cast(cython.int, len(immortals))):
        if immortals[i] == wanted and wanted != 0:
            return rank[words] + i
    return -1


@cython.wraparound(False)
def find(
    key: cython.const[cython.ulonglong][::1],
    bits: cython.const[cython.ulonglong][::1],
    rank: cython.const[cython.int][::1],
    alignment: cython.int,
    first: cython.const[cython.int][::1],
    bucket: cython.int,
    immortals: cython.const[cython.ulonglong][::1],
    wanted: cython.const[cython.ulonglong][::1],
    found: cython.int[::1],
) -> None:
    """Find the ids of addresses: the word of each by halving what is in its bucket.

    Args:
        key: uint64[words], ascending: the first address of each word, shifted right by `alignment` and 6.
        bits: uint64[words], which of its 64 addresses have an SV.
        rank: int32[words + 1], how many SVs lie before each word; the last entry is the number of all.
        alignment: the lowest so many bits of every address are 0.
        first: int32[buckets + 1], the first word in bucket i or behind it: bucket i has the keys from
            key[0] + (i << bucket) up to the next bucket's, and there is one for the last key.
        bucket: as above.
        immortals: uint64[any], further addresses, whose ids are those behind the last; 0 stands for none.
        wanted: uint64[any].
        found: int32[any], out: the id of each address, -1 where there is none.
    """
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(len(wanted)):
            found[i] = id_of(
                key, bits, rank, alignment, first, bucket, immortals, cython.cast(cython.ulonglong, wanted[i])
            )


@cython.wraparound(False)
def addresses(
    key: cython.const[cython.ulonglong][::1],
    bits: cython.const[cython.ulonglong][::1],
    rank: cython.const[cython.int][::1],
    alignment: cython.int,
    ids: cython.const[cython.longlong][::1],
    found: cython.ulonglong[::1],
) -> None:
    """The addresses of ids; fast where they ascend.

    Args:
        key: see `find`; likewise the next three.
        ids: int64[any], 0 up to the number of SVs.
        found: uint64[any], out.
    """
    words: cython.Py_ssize_t = len(key)
    i: cython.Py_ssize_t
    word: cython.Py_ssize_t = 0
    low: cython.Py_ssize_t
    high: cython.Py_ssize_t
    left: cython.ulonglong = 0
    next_: cython.longlong = -1
    wanted: cython.longlong
    lowest: cython.ulonglong
    with cython.nogil:
        for i in range(len(ids)):
            wanted = ids[i]
            # `left` has the bits of the word from that of the id `next_` on.
            if next_ < 0 or wanted < next_ or wanted >= rank[word + 1]:
                if not (next_ >= 0 and word + 1 < words and rank[word + 1] <= wanted < rank[word + 2]):
                    low, high = 0, words
                    while low + 1 < high:
                        word = (low + high) >> 1
                        if rank[word] <= wanted:
                            low = word
                        else:
                            high = word
                    word = low
                else:
                    word += 1
                left = cython.cast(cython.ulonglong, bits[word])
                next_ = rank[word]
            while next_ < wanted:
                left &= left - 1
                next_ += 1
            lowest = left & (~left + 1)
            found[i] = ((cython.cast(cython.ulonglong, key[word]) << 6) + bits_set(lowest - 1)) << alignment


@cython.wraparound(False)
def resolve(
    key: cython.const[cython.ulonglong][::1],
    bits: cython.const[cython.ulonglong][::1],
    rank: cython.const[cython.int][::1],
    alignment: cython.int,
    first: cython.const[cython.int][::1],
    bucket: cython.int,
    immortals: cython.const[cython.ulonglong][::1],
    end: cython.int[::1],
    address: cython.const[cython.ulonglong][::1],
    target: cython.int[::1],
    kind: cython.uchar[::1],
    strength: cython.uchar[::1],
    detail: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Turn references to addresses into references to ids, and drop those that lead nowhere; in place.

    Args:
        key: see `find`; likewise the next six.
        end: int32[svs], in and out: how many references each SV and those before it have.
        address: uint64[references], the address that each leads to.
        target: int32[references], out: the id of the SV there.
        kind: uint8[references], in and out.
        strength: uint8[references], in and out.
        detail: int64[references], in and out.

    Returns:
        How many references are left; they are the first of each array, in the order in which they were.
    """
    sv: cython.Py_ssize_t
    i: cython.Py_ssize_t = 0
    left: cython.Py_ssize_t = 0
    to: cython.int
    with cython.nogil:
        for sv in range(len(end)):
            while i < end[sv]:
                to = id_of(
                    key, bits, rank, alignment, first, bucket, immortals, cython.cast(cython.ulonglong, address[i])
                )
                if to >= 0:
                    target[left] = to
                    kind[left] = kind[i]
                    strength[left] = strength[i]
                    detail[left] = detail[i]
                    left += 1
                i += 1
            end[sv] = cython.cast(cython.int, left)
    return left
