"""The dominator tree of a graph, and sums over it.

Node a dominates node b when every way from the super-root to b leads through a; the nearest such a is b's immediate
dominator. The graph is in CSR form in both directions (see `pmat_lsp.heap.model`); an edge is followed where its row
of the mask `follow` is not 0. The super-root is one node more than the graph has; its edges lead to the entries.

The algorithm is that of Lengauer and Tarjan (1979) with path compression only: O(edges × log nodes) whatever the
graph is. Simpler ones (Cooper, Harvey and Kennedy; semi-NCA) walk up the tree from each node, which takes quadratic
time on a long linked list whose members a registry holds, too: a common thing in a heap.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython


@cython.wraparound(False)
def walk(
    start: cython.const[cython.int][::1],
    target: cython.const[cython.int][::1],
    follow: cython.const[cython.uchar][::1],
    entry: cython.const[cython.uchar][::1],
    order: cython.int[::1],
    place: cython.int[::1],
    above: cython.int[::1],
    edge_at: cython.int[::1],
) -> cython.Py_ssize_t:
    """Number the nodes in the order of a depth-first walk from the super-root.

    Args:
        start: int32[nodes + 1].
        target: int32[edges].
        follow: uint8[edges].
        entry: uint8[nodes], 1 for the nodes that the super-root leads to.
        order: int32[nodes + 1], out: the super-root, then the nodes in the order in which they were reached.
        place: int32[nodes + 1], out: where in `order` each node is, -1 for one that was not reached.
        above: int32[nodes + 1], out, by place: the place of the node that it was reached from; 0 at 0.
        edge_at: int32[nodes + 1], for the algorithm.

    Returns:
        How many nodes of `order` are filled.
    """
    nodes: cython.Py_ssize_t = len(entry)
    reached: cython.int = 1
    first: cython.Py_ssize_t
    edge: cython.int
    end: cython.int
    at: cython.int
    next_: cython.int
    with cython.nogil:
        for first in range(nodes):
            place[first] = -1
        place[nodes] = 0
        order[0] = cython.cast(cython.int, nodes)
        above[0] = 0
        for first in range(nodes):
            if not entry[first] or place[first] >= 0:
                continue
            place[first] = at = reached
            order[at] = cython.cast(cython.int, first)
            above[at] = 0
            edge_at[at] = start[first]
            reached += 1
            while at != 0:
                edge = edge_at[at]
                end = start[order[at] + 1]
                while edge < end and (not follow[edge] or place[target[edge]] >= 0):
                    edge += 1
                edge_at[at] = edge
                if edge == end:
                    at = above[at]
                    continue
                next_ = target[edge]
                place[next_] = reached
                order[reached] = next_
                above[reached] = at
                edge_at[reached] = start[next_]
                at = reached
                reached += 1
    return reached


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(-2, check=False)
@cython.wraparound(False)
def _best(
    at: cython.int,
    linked: cython.int,
    above: cython.int[::1],
    semi: cython.int[::1],
    label: cython.int[::1],
    stack: cython.int[::1],
) -> cython.int:
    """The place with the smallest semidominator on the way up from `at`, among those behind `linked`.

    Shortens the way: afterwards `above` leads from every place on it straight to its end.
    """
    depth: cython.Py_ssize_t = 0
    up: cython.int = at
    place: cython.int
    while above[up] > linked:
        stack[depth] = up
        depth += 1
        up = above[up]
    while depth > 0:
        depth -= 1
        place = stack[depth]
        if semi[label[up]] < semi[label[place]]:
            label[place] = label[up]
        above[place] = above[up]
        up = place
    return label[at]


@cython.wraparound(False)
def immediate_dominators(
    in_start: cython.const[cython.int][::1],
    in_ref: cython.const[cython.int][::1],
    source: cython.const[cython.int][::1],
    follow: cython.const[cython.uchar][::1],
    entry: cython.const[cython.uchar][::1],
    reached: cython.Py_ssize_t,
    order: cython.const[cython.int][::1],
    place: cython.const[cython.int][::1],
    above: cython.int[::1],
    semi: cython.int[::1],
    label: cython.int[::1],
    bucket: cython.int[::1],
    stack: cython.int[::1],
    idom: cython.int[::1],
    high: cython.Py_ssize_t,
    low: cython.Py_ssize_t,
) -> None:
    """Find the immediate dominators of the nodes that `walk` has reached, in one call or in several.

    The places are looked at from the last to the first: those below `high` down to `low`. The first call is one with
    `high` = `reached`, each other one goes on where the one before ended, and after one with `low` = 0 all is done.

    Args:
        in_start: int32[nodes + 1].
        in_ref: int32[edges], the edges in the order of their targets.
        source: int32[edges], the node that each edge leaves.
        follow: uint8[edges].
        entry: uint8[nodes].
        reached: what `walk` returned; likewise the next three.
        order: int32[nodes + 1].
        place: int32[nodes + 1].
        above: int32[nodes + 1]; it is changed.
        semi: int32[nodes + 1], for the algorithm; likewise the next three.
        label: int32[nodes + 1].
        bucket: int32[nodes + 1].
        stack: int32[nodes + 1].
        idom: int32[nodes + 1], out, by place, not by node: the place of the immediate dominator; 0 at 0. Dominators
            come before what they dominate.
        high: see above; likewise `low`.
    """
    row: cython.Py_ssize_t
    i: cython.int
    node: cython.int
    up: cython.int
    smallest: cython.int
    member: cython.int
    next_: cython.int
    with cython.nogil:
        if high == reached:
            for i in range(reached):
                bucket[i] = -1
                semi[i] = label[i] = i
        for i in range(high - 1, low - 1, -1):
            # Those whose semidominator this is; the list of them is linked through `idom` until it holds the answer.
            member = bucket[i]
            while member >= 0:
                next_ = idom[member]
                up = _best(member, i, above, semi, label, stack)
                idom[member] = up if semi[up] < semi[member] else i
                member = next_
            if i == 0:
                break
            node = order[i]
            smallest = above[i]
            if entry[node]:
                smallest = 0
            else:
                for row in range(in_start[node], in_start[node + 1]):
                    if not follow[in_ref[row]]:
                        continue
                    up = place[source[in_ref[row]]]
                    if up > i:
                        up = semi[_best(up, i, above, semi, label, stack)]
                    if 0 <= up < smallest:
                        smallest = up
            semi[i] = smallest
            idom[i] = bucket[smallest]
            bucket[smallest] = i
        if low == 0:
            idom[0] = 0
            for i in range(1, reached):
                if idom[i] != semi[i]:
                    idom[i] = idom[idom[i]]


@cython.wraparound(False)
def sum_up(
    idom: cython.const[cython.int][::1],
    nodes: cython.int[::1],
    weight: cython.ulonglong[::1],
) -> None:
    """Add up a tree from its leaves.

    Args:
        idom: int32[reached], by place: the place of the parent, which comes before; 0 at 0.
        nodes: int32[reached], out: nodes of each subtree, its root included.
        weight: uint64[reached], in: of each node alone, out: of its subtree.
    """
    count: cython.Py_ssize_t = len(idom)
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(count):
            nodes[i] = 1
        for i in range(count - 1, 0, -1):
            nodes[idom[i]] += nodes[i]
            weight[idom[i]] += weight[i]


@cython.wraparound(False)
def number_subtrees(
    idom: cython.const[cython.int][::1],
    nodes: cython.const[cython.int][::1],
    free: cython.int[::1],
    position: cython.int[::1],
) -> None:
    """Number a tree so that every subtree is a range: that of place i is `position[i]` and the next `nodes[i] - 1`.

    Args:
        idom: int32[reached], as in `sum_up`.
        nodes: int32[reached], as `sum_up` gave it.
        free: int32[reached], for the algorithm.
        position: int32[reached], out, by place.
    """
    count: cython.Py_ssize_t = len(idom)
    i: cython.Py_ssize_t
    with cython.nogil:
        position[0] = 0
        free[0] = 1
        for i in range(1, count):
            position[i] = free[idom[i]]
            free[idom[i]] += nodes[i]
            free[i] = position[i] + 1
