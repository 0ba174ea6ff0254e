"""Which reference of a cycle leads back, from what is held to its owner: the one to cut.

Where a closure is on the cycle, that is where it is held. Of objects that hold each other it is told from others of
their classes: what is alive and has an owner of its own is held by something else, too; and children share a parent.
Only then the name of a key counts. Neither the names of classes nor addresses do. `source/direction.py` knows more,
where the source text is here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.holders import hops_to
from pmat_lsp.analysis.result import CAPTURES, SUBSCRIPTS, Cut, CutBy, Edge, Hop, stored_edges
from pmat_lsp.analysis.rows import rows_named
from pmat_lsp.format.kinds import Kind, RefKind, Strength
from pmat_lsp.heap.lookups import objects_of
from pmat_lsp.heap.model import Heap

I32 = npt.NDArray[np.int32]
Answer = TypeVar("Answer")

MOST_ALIVE = 100
"""So many live things of a kind are asked who else holds what they hold."""
_MOST_HOLDERS = 50
_MOST_ELEMENTS = 100
_DEEPEST = 3
_BACK = frozenset(
    {"parent", "parents", "owner", "prev", "previous", "back", "backref", "root", "container", "master"}
    | {"up", "upper", "top", "outer", "super", "p", "par"}
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def cut_of(heap: Heap, lost: npt.NDArray[np.bool_], cycle: tuple[Hop, ...], members: I32) -> Cut | None:
    """Where a cycle is best cut.

    Args:
        heap: of the cycle.
        lost: bool[n], what no root reaches.
        cycle: its hops.
        members: int32, the SVs on the cycles of all islands of its shape, or of some of them.

    Returns:
        None where no hop is a subscript, or where several may be.
    """
    held = _holding_a_closure(cycle)
    if held is not None:
        return Cut(held, CutBy.CLOSURE)
    edges = [edge for edge in stored_edges(cycle) if edge.hops[0].kind in SUBSCRIPTS]
    if len(edges) < 2 or any(hop.source_kind == Kind.CODE for hop in cycle):
        return Cut(edges[0].start, CutBy.ONLY) if len(edges) == 1 else None
    found = (
        (CutBy.LIVE, _live(heap, lost, edges)),
        (CutBy.SHARED, _shared(heap, edges, members)),
        (CutBy.NAME, [edge for edge in edges if names_the_owner(edge.hops[0].name)]),
    )
    return next((Cut(back[0].start, by) for by, back in found if len(back) == 1), None)


def _holding_a_closure(cycle: tuple[Hop, ...]) -> int | None:
    """Where an object, or a container, holds a closure: the first of the subscripts that lead to it."""
    for at, hop in enumerate(cycle):
        if hop.source_kind != Kind.CODE:
            continue
        before = [index % len(cycle) for index in range(at - 1, at - 1 - len(cycle), -1)]
        held = next((i for i in before if cycle[i].kind in (*SUBSCRIPTS, *CAPTURES)), None)
        if held is not None and cycle[held].kind in SUBSCRIPTS:
            while cycle[held].is_from_container and cycle[held - 1].kind in SUBSCRIPTS:
                held = (held - 1) % len(cycle)
            return held
    return None


def names_the_owner(name: str) -> bool:
    """Whether a key reads as if it led to what owns the object: `parent`, `owner`, `prev_item`, `_p`, `rootNode`."""
    return any(word.lower() in _BACK for word in _WORD.findall(name))


def _live(heap: Heap, lost: npt.NDArray[np.bool_], edges: Sequence[Edge]) -> list[Edge]:
    """The edges to what something else holds among what is alive, where all the others lead to what nothing else does.

    An edge that is weak in some object leads back, too: somebody has thought of it.
    """
    known = {way_of(edge.hops[0]): edge.hops[0] for edge in edges}.values()

    def leads_back(edge: Edge) -> bool | None:
        """None where nothing that is alive tells."""
        targets, is_weak = _targets_of_class(heap, lost, edge)
        holders = held_elsewhere(heap, lost, targets, known)
        return True if is_weak else any(holders) if holders else None

    verdicts = _of_each(heap, edges, leads_back)
    return [edge for edge, back in zip(edges, verdicts, strict=True) if back] if None not in verdicts else []


def _shared(heap: Heap, edges: Sequence[Edge], members: I32) -> list[Edge]:
    """The edges on the islands of which several lead to one thing, where those of all others lead to one each."""

    def is_shared(edge: Edge) -> bool:
        alike = _alike(heap, edge, members[:_MOST_ELEMENTS])
        targets = [target for sv in alike for target, _ in follow(heap, sv, edge)]
        return len(set(targets)) < len(targets)

    return [edge for edge, shared in zip(edges, _of_each(heap, edges, is_shared), strict=True) if shared]


def _of_each(heap: Heap, edges: Sequence[Edge], answer: Callable[[Edge], Answer]) -> list[Answer]:
    """The answers for some edges; a long cycle has many that are alike, and these are asked for once."""
    known: dict[object, Answer] = {}
    answers = []
    for edge in edges:
        alike = (int(heap.blessed[edge.hops[0].source]), *map(way_of, edge.hops))
        if alike not in known:
            known[alike] = answer(edge)
        answers.append(known[alike])
    return answers


def _targets_of_class(heap: Heap, lost: npt.NDArray[np.bool_], edge: Edge) -> tuple[list[int], bool]:
    """(what live objects of the edge's class hold that way, whether one of them holds it weakly)."""
    if edge.holder is None:
        return [], False
    found = [pair for sv in live_like(heap, lost, edge.hops[0].source) for pair in follow(heap, sv, edge)]
    return [target for target, strong in found if strong][:MOST_ALIVE], not all(strong for _, strong in found)


def live_like(heap: Heap, lost: npt.NDArray[np.bool_], sv: int) -> list[int]:
    """The objects of the class of an SV that are alive, `MOST_ALIVE` at the most."""
    alike = objects_of(heap, int(heap.blessed[sv]))
    alive: list[int] = alike[~lost[alike]][:MOST_ALIVE].tolist()
    return alive


def _alike(heap: Heap, edge: Edge, members: I32) -> list[int]:
    """Those of some SVs that may have such an edge."""
    first = edge.hops[0]
    return [
        sv
        for sv in members.tolist()
        if heap.kind[sv] == first.source_kind and heap.blessed[sv] == heap.blessed[first.source]
    ]


def held_elsewhere(
    heap: Heap, lost: npt.NDArray[np.bool_], targets: Sequence[int], known: Collection[Hop]
) -> list[bool]:
    """Of each SV whether something alive holds it in another way than by hops like the `known` ones."""
    ways = {way_of(hop) for hop in known}
    return [any(way_of(hop) not in ways for hop in _live_holders(heap, lost, target, _DEEPEST)) for target in targets]


def way_of(hop: Hop) -> tuple[object, ...]:
    """What hops of one kind have in common."""
    return hop.kind, hop.name, hop.source_class, hop.source_kind, hop.location


def _live_holders(heap: Heap, lost: npt.NDArray[np.bool_], sv: int, depth: int) -> Iterator[Hop]:
    """The hops by which what is alive holds an SV, plain arrays and hashes passed through."""
    for hop in islice(hops_to(heap, sv), _MOST_HOLDERS):
        if hop.is_from_container and depth:
            yield from _live_holders(heap, lost, hop.source, depth - 1)
        elif hop.source >= heap.n or not lost[hop.source]:
            yield hop


def follow(heap: Heap, sv: int, edge: Edge) -> list[tuple[int, bool]]:
    """(what an SV holds along such an edge, whether strongly); of a container on the way, every element."""
    found = [(sv, True)]
    for number, hop in enumerate(edge.hops):
        exact = number == 0 or not hop.is_from_container
        found = [
            (target, strong and counted)
            for source, strong in found[:_MOST_ELEMENTS]
            for target, counted in _step(heap, source, hop, exact)
        ]
    return found


def _step(heap: Heap, sv: int, hop: Hop, exact: bool) -> Iterator[tuple[int, bool]]:
    kinds = {"key": RefKind.VALUE, "index": RefKind.ELEMENT, "field": RefKind.FIELD}
    if hop.kind not in kinds:
        return
    for row in _rows_along(heap, sv, kinds[hop.kind], hop.name) if exact else _first_rows(heap, sv, kinds[hop.kind]):
        target, strong = int(heap.out_target[row]), bool(heap.out_strength[row] & Strength.COUNTED)
        while target < heap.n and heap.kind[target] == Kind.REF and heap.blessed[target] < 0:
            below = next((one for one in heap.out_rows(target) if heap.out_kind[one] == RefKind.REFERENT), None)
            if below is None:
                break
            target, strong = int(heap.out_target[below]), strong and bool(heap.out_strength[below] & Strength.COUNTED)
        if target < heap.n:
            yield target, strong


def _rows_along(heap: Heap, sv: int, kind: RefKind, name: str) -> list[int]:
    """The rows of the out_ columns that an SV has under a name."""
    if kind != RefKind.FIELD:
        rows: list[int] = rows_named(heap, np.array([sv]), kind, name).tolist()
        return rows
    names = heap.class_fields.get(int(heap.blessed[sv]), {})
    found = ((row, int(heap.out_detail[row])) for row in heap.out_rows(sv) if heap.out_kind[row] == kind)
    return [row for row, index in found if names.get(index, str(index)) == name]


def _first_rows(heap: Heap, sv: int, kind: RefKind) -> Iterator[int]:
    """The first elements of a container."""
    return (row for row in islice(heap.out_rows(sv), _MOST_ELEMENTS) if heap.out_kind[row] == kind)
