"""Trees over some nodes of a graph: each under the node that it is first reached from."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-2, check=False)
@cython.wraparound(False)
def _sift(
    values: cython.int[::1], first: cython.Py_ssize_t, at: cython.Py_ssize_t, count: cython.Py_ssize_t
) -> cython.int:
    """Let the value `at` of the heap values[first : first + count] sink to its place."""
    value: cython.int = values[first + at]
    below: cython.Py_ssize_t = 2 * at + 1
    while below < count:
        if below + 1 < count and values[first + below + 1] > values[first + below]:
            below += 1
        if values[first + below] <= value:
            break
        values[first + at] = values[first + below]
        at = below
        below = 2 * at + 1
    values[first + at] = value
    return 0


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-2, check=False)
@cython.wraparound(False)
def _sort(values: cython.int[::1], first: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Sort values[first:end], which often is sorted already."""
    at: cython.Py_ssize_t = first + 1
    count: cython.Py_ssize_t = end - first
    largest: cython.int
    while at < end and values[at - 1] <= values[at]:
        at += 1
    if at >= end:
        return 0
    at = count // 2
    while at > 0:
        at -= 1
        _sift(values, first, at, count)
    while count > 1:
        count -= 1
        largest = values[first]
        values[first] = values[first + count]
        values[first + count] = largest
        _sift(values, first, 0, count)
    return 0


@cython.wraparound(False)
def grow(
    start: cython.const[cython.int][::1],
    target: cython.const[cython.int][::1],
    kind: cython.const[cython.uchar][::1],
    beyond: cython.const[cython.uchar][::1],
    tops: cython.const[cython.int][::1],
    unreached: cython.uchar[::1],
    passed: cython.uchar[::1],
    order: cython.int[::1],
    parent: cython.int[::1],
    depth: cython.int[::1],
) -> cython.Py_ssize_t:
    """Walk breadth first from one node after another, through some nodes of a graph in CSR form.

    A node leads to the targets of its edges. Where `beyond` of an edge is not 0 it leads on to the targets of those
    edges of the target that are of this kind, whether or not the target itself is to be reached.

    Args:
        start: int32[nodes + 1].
        target: int32[edges].
        kind: uint8[edges].
        beyond: uint8[edges]: 0, or a kind; edges to one node must not name different kinds.
        tops: int32, the nodes to begin with, if they are not reached by then; all that are to be reached.
        unreached: uint8[nodes], in: 1 for the nodes to reach, out: 0.
        passed: uint8[nodes], zeros, for the algorithm.
        order: int32[nodes to reach + 1], out: -1, then the nodes in the order in which they were reached; what a node
            leads to stands together, in the order of the numbers.
        parent: int32[nodes to reach + 1], out: the place in `order` of what each was reached from; 0 for the tops.
        depth: int32[nodes to reach + 1], out: how many nodes are above it.

    Returns:
        How many entries of `order` are filled.
    """
    room: cython.Py_ssize_t = min(len(order), min(len(parent), len(depth)))
    roots: cython.Py_ssize_t = len(tops)
    filled: cython.Py_ssize_t = 1
    head: cython.Py_ssize_t
    first: cython.Py_ssize_t
    at: cython.Py_ssize_t
    edge: cython.Py_ssize_t
    inner: cython.Py_ssize_t
    node: cython.int
    to: cython.int
    with cython.nogil:
        order[0] = -1
        parent[0] = 0
        depth[0] = 0
        for at in range(roots):
            if not unreached[tops[at]] or filled >= room:
                continue
            unreached[tops[at]] = 0
            order[filled] = tops[at]
            parent[filled] = 0
            depth[filled] = 1
            head = filled
            filled += 1
            while head < filled:
                node = order[head]
                first = filled
                for edge in range(start[node], start[node + 1]):
                    to = target[edge]
                    if unreached[to] and filled < room:
                        unreached[to] = 0
                        order[filled] = to
                        filled += 1
                    # All that is to be found behind a node is reached the first time that it is passed.
                    if beyond[edge] and not passed[to]:
                        passed[to] = 1
                        for inner in range(start[to], start[to + 1]):
                            if kind[inner] == beyond[edge] and unreached[target[inner]] and filled < room:
                                unreached[target[inner]] = 0
                                order[filled] = target[inner]
                                filled += 1
                _sort(order, first, filled)
                for inner in range(first, filled):
                    parent[inner] = cython.cast(cython.int, head)
                    depth[inner] = depth[head] + 1
                head += 1
    return filled
