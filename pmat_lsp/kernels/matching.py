"""Finding the numbers of one sorted array in another."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython


@cython.wraparound(False)
def match(
    wanted: cython.const[cython.ulonglong][::1],
    among: cython.const[cython.ulonglong][::1],
    found: cython.int[::1],
) -> None:
    """Tell where each number of one array stands in another; both are gone through once.

    Args:
        wanted: uint64, ascending.
        among: uint64, ascending, each number once.
        found: int32[len(wanted)], out: the index in `among` of each wanted number, -1 for one that is not there.
    """
    count: cython.Py_ssize_t = min(len(wanted), len(found))
    others: cython.Py_ssize_t = len(among)
    i: cython.Py_ssize_t
    at: cython.Py_ssize_t = 0
    with cython.nogil:
        for i in range(count):
            while at < others and among[at] < wanted[i]:
                at += 1
            found[i] = cython.cast(cython.int, at) if at < others and among[at] == wanted[i] else -1
