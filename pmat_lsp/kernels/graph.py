"""Walks over a graph in CSR form: node i's edges are the rows `start[i]` up to `start[i + 1]` of the edge arrays.

An edge is followed where its row of the mask `follow` is not 0. Targets are node ids.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython


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


@cython.wraparound(False)
def shortest_cycles(
    start: cython.const[cython.int][::1],
    target: cython.const[cython.int][::1],
    follow: cython.const[cython.uchar][::1],
    component: cython.const[cython.int][::1],
    first: cython.int,
    distance: cython.int[::1],
    queue: cython.int[::1],
) -> tuple[int, int]:
    """Find the nodes of all shortest cycles through a node, without leaving its component.

    Args:
        start: int32[nodes + 1].
        target: int32[edges].
        follow: uint8[edges].
        component: int32[nodes], the component of each node.
        first: the node that the cycles go through.
        distance: int32[nodes], in: zeros; out: of each node of a shortest cycle 1 and as many more as edges lead from
            `first` to it, 0 of all others.
        queue: int32[nodes], out: the nodes of the shortest cycles, the nearest to `first` first.

    Returns:
        The edges of a shortest cycle, 0 where there is none, and how many nodes of `queue` are filled.
    """
    head: cython.Py_ssize_t = 0
    filled: cython.Py_ssize_t = 1
    found: cython.Py_ssize_t = 0
    edge: cython.Py_ssize_t
    node: cython.int
    next_: cython.int
    length: cython.int = 0
    leads_back: cython.bint
    with cython.nogil:
        distance[first] = 1
        queue[0] = first
        while head < filled and not length:
            node = queue[head]
            head += 1
            for edge in range(start[node], start[node + 1]):
                next_ = target[edge]
                if not follow[edge] or component[next_] != component[first]:
                    continue
                if next_ == first:
                    length = distance[node]
                    break
                if not distance[next_]:
                    distance[next_] = distance[node] + 1
                    queue[filled] = next_
                    filled += 1
        # The farthest first, so that what is marked one step farther on leads back.
        for head in range(filled - 1, -1, -1):
            node = queue[head]
            leads_back = False
            for edge in range(start[node], start[node + 1]):
                next_ = target[edge]
                if not follow[edge] or component[next_] != component[first]:
                    continue
                if distance[node] + 1 == (length + 1 if next_ == first else distance[next_]):
                    leads_back = True
                    break
            if not leads_back:
                distance[node] = 0
        for head in range(filled):
            node = queue[head]
            if distance[node]:
                queue[found] = node
                found += 1
    return length, found


@cython.wraparound(False)
def crossing(
    start: cython.const[cython.int][::1],
    target: cython.const[cython.int][::1],
    source_in: cython.const[cython.uchar][::1],
    target_in: cython.const[cython.uchar][::1],
    rows: cython.int[::1],
) -> cython.Py_ssize_t:
    """Find the edges that lead from some nodes to some others.

    Args:
        start: int32[nodes + 1].
        target: int32[edges].
        source_in: uint8[nodes], 1 for the nodes that the edges leave.
        target_in: uint8[nodes], 1 for the nodes that they lead to.
        rows: int32[any], out: the edges, rising; no more than there is room for.

    Returns:
        How many there are.
    """
    room: cython.Py_ssize_t = len(rows)
    nodes: cython.Py_ssize_t = len(source_in)
    found: cython.Py_ssize_t = 0
    node: cython.Py_ssize_t
    edge: cython.Py_ssize_t
    with cython.nogil:
        for node in range(nodes):
            if not source_in[node]:
                continue
            for edge in range(start[node], start[node + 1]):
                if target_in[target[edge]]:
                    if found < room:
                        rows[found] = edge
                    found += 1
    return found


@cython.wraparound(False)
def mark_cyclic(
    start: cython.const[cython.int][::1],
    target: cython.const[cython.int][::1],
    follow: cython.const[cython.uchar][::1],
    nodes: cython.const[cython.int][::1],
    component: cython.const[cython.int][::1],
    cyclic: cython.uchar[::1],
) -> None:
    """Mark the strongly connected components that are cycles: those inside which an edge leads from node to node.

    Args:
        start: int32[nodes + 1].
        target: int32[edges].
        follow: uint8[edges].
        nodes: int32[any], the nodes of the components.
        component: int32[nodes], the component of each of these.
        cyclic: uint8[components], in: zeros; out: 1 for those with more than one node, or one that leads to itself.
    """
    i: cython.Py_ssize_t
    edge: cython.Py_ssize_t
    count: cython.Py_ssize_t = len(nodes)
    node: cython.int
    with cython.nogil:
        for i in range(count):
            node = nodes[i]
            if cyclic[component[node]]:
                continue
            for edge in range(start[node], start[node + 1]):
                if follow[edge] and component[target[edge]] == component[node]:
                    cyclic[component[node]] = 1
                    break
