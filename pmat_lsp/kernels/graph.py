"""Walks over a graph in CSR form: node i's edges are the rows `start[i]` up to `start[i + 1]` of the edge arrays.

An edge is followed where its row of the mask `follow` is not 0. Targets are node ids.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython


@cython.boundscheck(False)
@cython.wraparound(False)
def reach(
    start: cython.const[cython.int][::1],
    target: cython.const[cython.int][::1],
    follow: cython.const[cython.uchar][::1],
    seen: cython.uchar[::1],
    queue: cython.int[::1],
    queued: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Mark in `seen` every node that the first `queued` nodes of `queue` lead to, themselves included.

    Args:
        start: int32[nodes + 1].
        target: int32[edges].
        follow: uint8[edges].
        seen: uint8[nodes], in and out: 1 for the nodes that were reached; the queued ones must be marked already.
        queue: int32[nodes], in and out: the nodes in the order in which they were reached.
        queued: how many nodes of `queue` are given.

    Returns:
        How many nodes of `queue` are filled.
    """
    head: cython.Py_ssize_t = 0
    edge: cython.Py_ssize_t
    node: cython.int
    with cython.nogil:
        while head < queued:
            node = queue[head]
            head += 1
            for edge in range(start[node], start[node + 1]):
                if follow[edge] and not seen[target[edge]]:
                    seen[target[edge]] = 1
                    queue[queued] = target[edge]
                    queued += 1
    return queued


@cython.boundscheck(False)
@cython.wraparound(False)
def strong_components(
    start: cython.const[cython.int][::1],
    target: cython.const[cython.int][::1],
    follow: cython.const[cython.uchar][::1],
    component: cython.int[::1],
    order: cython.int[::1],
    low: cython.int[::1],
    stack: cython.int[::1],
    path: cython.int[::1],
    edge_at: cython.int[::1],
) -> cython.int:
    """Number the strongly connected components (Tarjan 1972, without recursion).

    A component's number is larger than those of all components that it leads to (reverse topological order).

    Args:
        start: int32[nodes + 1].
        target: int32[edges].
        follow: uint8[edges].
        component: int32[nodes], in: -1 for the nodes to look at, anything else for those that do not exist;
            out: the component of each node looked at. An edge to a node that does not exist is not followed, so the
            numbers given before must be negative too: use -2.
        order: int32[nodes], zeros, for the algorithm.
        low: int32[nodes], for the algorithm.
        stack: int32[nodes], for the algorithm.
        path: int32[nodes], for the algorithm.
        edge_at: int32[nodes], for the algorithm.

    Returns:
        The number of components.
    """
    nodes: cython.Py_ssize_t = len(component)
    found: cython.int = 0
    visited: cython.int = 0
    depth: cython.Py_ssize_t
    on_stack: cython.Py_ssize_t = 0
    first: cython.Py_ssize_t
    edge: cython.int
    node: cython.int
    next_: cython.int
    descend: cython.bint
    with cython.nogil:
        for first in range(nodes):
            if component[first] != -1 or order[first]:
                continue
            depth = 0
            path[0] = first
            visited += 1
            order[first] = low[first] = visited
            edge_at[first] = start[first]
            stack[on_stack] = first
            on_stack += 1
            while depth >= 0:
                node = path[depth]
                edge = edge_at[node]
                descend = False
                while edge < start[node + 1]:
                    next_ = target[edge]
                    edge += 1
                    if not follow[edge - 1] or component[next_] != -1:
                        continue
                    if not order[next_]:
                        descend = True
                        break
                    if order[next_] < low[node]:
                        low[node] = order[next_]
                edge_at[node] = edge
                if descend:
                    visited += 1
                    order[next_] = low[next_] = visited
                    edge_at[next_] = start[next_]
                    stack[on_stack] = next_
                    on_stack += 1
                    depth += 1
                    path[depth] = next_
                    continue
                if low[node] == order[node]:
                    while True:
                        on_stack -= 1
                        next_ = stack[on_stack]
                        component[next_] = found
                        if next_ == node:
                            break
                    found += 1
                depth -= 1
                if depth >= 0 and low[node] < low[path[depth]]:
                    low[path[depth]] = low[node]
    return found


@cython.boundscheck(False)
@cython.wraparound(False)
def sole_owners(
    start: cython.const[cython.int][::1],
    target: cython.const[cython.int][::1],
    follow: cython.const[cython.uchar][::1],
    topological: cython.const[cython.int][::1],
    own: cython.const[cython.uchar][::1],
    owner: cython.int[::1],
) -> None:
    """Hand each node down to the one owner that holds it alone.

    Owners hold themselves. A node belongs to an owner when all its referrers do, that is, when the owner dominates
    it in the graph from a super-root to all owners; a node with referrers of two owners belongs to none.

    Args:
        start: int32[nodes + 1].
        target: int32[edges].
        follow: uint8[edges].
        topological: int32[any], the nodes to look at; referrers first, except among nodes of one owner's own cycle.
        own: uint8[nodes], 1 for the nodes that an owner consists of; they stay its own whoever else holds them.
        owner: int32[nodes], in and out: an owner's number (0 and up) on its own nodes, -1 on nodes not yet known;
            nodes with several owners become -2. Nodes outside the graph must be -3.
    """
    i: cython.Py_ssize_t
    edge: cython.Py_ssize_t
    nodes: cython.Py_ssize_t = len(topological)
    node: cython.int
    to: cython.int
    with cython.nogil:
        for i in range(nodes):
            node = topological[i]
            for edge in range(start[node], start[node + 1]):
                to = target[edge]
                if not follow[edge] or own[to] or owner[to] == -3 or owner[to] == owner[node]:
                    continue
                if owner[to] == -1:
                    owner[to] = owner[node]
                else:
                    owner[to] = -2
