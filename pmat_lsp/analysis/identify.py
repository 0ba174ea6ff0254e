"""What an SV is, told by what refers to it, back to the roots.

The graph of references is walked backwards, breadth first, so that each SV is told where the way to it is shortest.
Steps that say little are left out unless wanted: a reference that has one referrer (`(via RV)`), and the pad of a sub.
What the symbol table leads to is a root, by its name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pmat_lsp.analysis.descriptions import all_described
from pmat_lsp.analysis.tables import Column, Tree, TreeRow, Unit
from pmat_lsp.format.kinds import Kind, Strength
from pmat_lsp.format.roots import PLAIN_POINTER_ROOTS
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described
from pmat_lsp.heap.neighbours import ALL, DIRECT, STRENGTHS, Reference, references_in
from pmat_lsp.heap.pads import pads_of
from pmat_lsp.heap.progress import Progress, no_progress, watched
from pmat_lsp.heap.symbols import glob_name, in_symbol_table, symbol_of

if TYPE_CHECKING:
    from pmat_lsp.analysis.unexplained import Unseen

REFERENCE, ROOT, UNSEEN, NOTHING, TOO_DEEP = "reference", "root", "unseen", "nothing", "too deep"
AGAIN, CIRCULAR, ITSELF, MORE = "again", "circular", "itself", "more"
"""What a row of the tree tells: the first column."""
_COLUMNS = (
    Column("tells", Unit.TEXT),
    Column("strength", Unit.TEXT),
    Column("name", Unit.TEXT),
    Column("sv", Unit.SV),
    Column("is", Unit.TEXT),
    Column("mark", Unit.TEXT),
    Column("missing", Unit.COUNT),
)
_Step = tuple[TreeRow, int | None, frozenset[int]]
"""A row, the SV to go on with below it if any, and the SVs above that one."""
_MOST_SVS = 2_000
"""SVs whose referrers are told; a chain that matters is among the nearest."""
_MOST_LOOKED_UP = 10_000
"""SVs of which it is looked up at all whether a root, or something, refers to them."""
MOST_REFERRERS = 10_000
"""Of one SV so many are told."""
_OFTEN = 256
_FAR = 1 << 30
_IMMORTALS = ("undef", "true", "false")


@dataclass(frozen=True, slots=True)
class IdentifyOptions:
    """How far to go, and what to tell."""

    depth: int = 10
    """References from the SV to the farthest that is told."""
    strengths: Strength = Strength.STRONG
    elide: bool = True
    """Leave out references, pads and symbol table."""
    to_root: bool = False
    """Only the shortest way to a root."""


@dataclass(slots=True)
class _Node:
    """One SV of the graph."""

    level: int
    roots: list[Reference] = field(default_factory=list)
    edges: list[Reference] = field(default_factory=list)
    cut: bool = False
    """Its referrers are too deep to be told."""
    more: int = 0
    """Referrers that are not told since there are too many."""
    distance: int = _FAR
    """References from the nearest root."""
    named: int = 0
    """References in the graph that come from it."""


class _Referrers:
    """The referrers of an SV, with what says little left out.

    Args:
        heap: of the dump.
        options: what to leave out.
    """

    def __init__(self, heap: Heap, options: IdentifyOptions) -> None:
        self._heap = heap
        self._wanted = options.strengths
        self._elide = options.elide
        self._stack = set(heap.stack.tolist())
        self._mortals = set(heap.mortals.tolist())
        self._roots: dict[int, list[Reference]] = {}
        for root in heap.roots:
            # A plain pointer keeps nothing alive: a handle that leaks may be the one that was read last.
            strong = root.strong and root.name not in PLAIN_POINTER_ROOTS
            strength = Strength.STRONG if strong else Strength.WEAK
            self._roots.setdefault(root.sv, []).append(Reference(root.description, strength, -1))

    def of(self, sv: int) -> tuple[list[Reference], int]:
        """(references to an SV; -1 as the other end stands for a root; how many more there are than are told)."""
        known = self._immortal_or_symbol(sv)
        if known:
            return [Reference(known, Strength.STRONG, -1)], 0
        found = self._references(sv, self._wanted)
        for more in (DIRECT, ALL):
            if not found and self._wanted & more != more:
                found = self._references(sv, more)
        left_out = max(sum(reference.sv >= 0 for reference in found) - MOST_REFERRERS, 0)
        if left_out:
            roots = [reference for reference in found if reference.sv < 0]
            others = sorted((reference for reference in found if reference.sv >= 0), key=_order)
            found = roots + others[:MOST_REFERRERS]
        if self._elide:
            found = [shorter for reference in found for shorter in self._without_reference(reference)]
            found = [self._without_pad(reference) for reference in found]
        if sv in self._mortals:
            found.append(Reference("a mortal", Strength.STRONG, -1))
        return sorted(found, key=lambda reference: reference.name), left_out

    def _immortal_or_symbol(self, sv: int) -> str | None:
        heap = self._heap
        if sv >= heap.n:
            return _IMMORTALS[sv - heap.n]
        if not self._elide:
            return None
        if heap.kind[sv] == Kind.GLOB and in_symbol_table(heap, sv):
            return f"the glob '*{glob_name(heap, sv)}'"
        name = symbol_of(heap, sv)
        return f"the symbol '{name}'" if name else None

    def _references(self, sv: int, wanted: Strength) -> list[Reference]:
        found = references_in(self._heap, sv, wanted)
        found += [root for root in self._roots.get(sv, ()) if root.strength & wanted]
        if sv in self._stack and wanted & Strength.WEAK:
            found.append(Reference("a value on the stack", Strength.STRONG, -1))
        return found

    def _without_reference(self, reference: Reference) -> list[Reference]:
        """What refers to a REF instead of the REF, where that is one."""
        if reference.name != "the referrant" or reference.sv < 0:
            return [reference]
        before = self._references(reference.sv, self._wanted)
        if len(before) != 1 or before[0].sv == reference.sv:
            return [reference]
        return [replace(before[0], name=f"(via RV) {before[0].name}")]

    def _without_pad(self, reference: Reference) -> Reference:
        heap, pad = self._heap, reference.sv
        if pad < 0 or heap.kind[pad] != Kind.PAD or heap.owner[pad] < 0:
            return reference
        code = int(heap.owner[pad])
        pads = pads_of(heap, code)
        depth = pads.index(pad) + 1 if pad in pads else 1
        return Reference(f"{reference.name} at depth {depth}", reference.strength, code)


def identify_tree(
    heap: Heap,
    sv: int,
    options: IdentifyOptions,
    unseen: Callable[[int], Unseen | None] = lambda _: None,
    progress: Progress = no_progress,
) -> Tree:
    """The ways from an SV back to the roots, the shortest first.

    Of each row: what it tells, the strength and name of the reference, the SV that it comes from, and the mark by which
    a later row says that this SV was told before. Where no way leads on, or none to a root, `unseen` is asked which
    counts of an SV are missing from the dump; a row tells how many, and as its name who probably holds them.
    `progress` is called now and then.
    """
    nodes = _graph(_Referrers(heap, options), sv, options.depth, progress)
    _measure(nodes)
    rows = _Teller(heap, nodes, options.to_root, not _is_reached(nodes, sv), unseen).rows(sv)
    return Tree(described(heap, sv), _COLUMNS, tuple(watched(rows, progress, "rows", len(nodes))))


def _graph(referrers: _Referrers, start: int, depth: int, progress: Progress) -> dict[int, _Node]:
    """The SVs within `depth` references, each with its referrers."""
    nodes = {start: _Node(0)}
    todo = deque([start])
    looked_up = 0
    while todo:
        sv = todo.popleft()
        node = nodes[sv]
        looked_up += 1
        if looked_up % _OFTEN == 1:
            progress("referrers", looked_up, _MOST_LOOKED_UP)
        if looked_up > _MOST_LOOKED_UP:
            node.cut = True
            continue
        found, more = referrers.of(sv)
        node.roots = [reference for reference in found if reference.sv < 0]
        if any(root.strength == Strength.STRONG for root in node.roots):
            continue
        edges = [reference for reference in found if reference.sv >= 0]
        if node.level >= depth or looked_up > _MOST_SVS:
            node.cut = bool(edges)
            continue
        node.edges, node.more = edges, more
        for edge in edges:
            if edge.sv not in nodes:
                nodes[edge.sv] = _Node(node.level + 1)
                todo.append(edge.sv)
            nodes[edge.sv].named += 1
    return nodes


def _is_reached(nodes: dict[int, _Node], start: int) -> bool:
    """Whether strong references lead from a root to an SV."""
    seen, todo = {start}, deque([start])
    while todo:
        node = nodes[todo.popleft()]
        if node.cut or any(root.strength == Strength.STRONG for root in node.roots):
            return True
        for edge in node.edges:
            if edge.strength == Strength.STRONG and edge.sv not in seen:
                seen.add(edge.sv)
                todo.append(edge.sv)
    return False


def _measure(nodes: dict[int, _Node]) -> None:
    """Set `distance`, outwards from the nodes that are at a root."""
    after: dict[int, list[int]] = {}
    for sv, node in nodes.items():
        for edge in node.edges:
            after.setdefault(edge.sv, []).append(sv)
    todo = deque(sv for sv, node in nodes.items() if node.roots)
    for sv in todo:
        nodes[sv].distance = 0
    while todo:
        sv = todo.popleft()
        for other in after.get(sv, ()):
            if nodes[other].distance == _FAR:
                nodes[other].distance = nodes[sv].distance + 1
                todo.append(other)


class _Teller:
    """Turns the graph into rows: each SV is told once, at its own level."""

    def __init__(
        self,
        heap: Heap,
        nodes: dict[int, _Node],
        to_root: bool,
        is_lost: bool,
        unseen: Callable[[int], Unseen | None],
    ) -> None:
        self._heap = heap
        self._is_lost = is_lost
        self._unseen = unseen
        self._nodes = nodes
        self._to_root = to_root
        self._told: set[int] = set()
        self._marks: dict[int, str] = {}
        svs = np.array(list(nodes), np.int32)
        told = zip(heap.address[svs].tolist(), all_described(heap, svs), strict=True)
        self._described = dict(zip(svs.tolist(), told, strict=True))

    def rows(self, start: int) -> Iterator[TreeRow]:
        """The tree below an SV."""
        stack = [self._children(start, 0, frozenset((start,)))]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
                continue
            row, below, path = found
            yield row
            if below is not None:
                stack.append(self._children(below, len(stack), path | {below}))

    def _children(self, sv: int, depth: int, path: frozenset[int]) -> Iterator[_Step]:
        node = self._nodes[sv]
        if note := self._note(sv, node, depth):
            tells, mark = note
            yield self._row(depth, tells, mark=mark), None, path
            return
        self._told.add(sv)
        for root in node.roots[: 1 if self._to_root else None]:
            yield self._row(depth, ROOT, root), None, path
        is_end = not node.roots and not node.edges and not node.cut
        # It takes a look at the whole heap, which what a root reaches has no need of.
        unseen = self._unseen(sv) if is_end or self._is_lost else None
        if unseen is not None:
            yield self._unseen_row(depth, unseen), None, path
        elif is_end:
            yield self._row(depth, NOTHING), None, path
        if node.cut:
            yield self._row(depth, TOO_DEEP), None, path
        for edge in self._edges(node):
            mark = self._mark(edge.sv)
            yield self._row(depth, REFERENCE, edge, mark), None if edge.sv in path else edge.sv, path
            if edge.sv in path:
                again = ITSELF if edge.sv == sv else CIRCULAR
                yield self._row(depth + 1, again, mark=self._marks.get(edge.sv)), None, path
        if node.more and not self._to_root:
            yield replace(self._row(depth, MORE), more=node.more), None, path

    def _note(self, sv: int, node: _Node, depth: int) -> tuple[str, str | None] | None:
        """What to tell instead of the referrers of an SV."""
        # One with nothing but roots takes no more room than a note would.
        if node.edges and (sv in self._told or depth > node.level):
            return AGAIN, self._marks.get(sv)
        return None

    def _edges(self, node: _Node) -> list[Reference]:
        """The references to tell, strong ones first, the nearest to a root before the others."""
        if self._to_root:
            nearest = sorted(node.edges, key=lambda edge: (self._nodes[edge.sv].distance, _order(edge)))
            return nearest[:0] if node.roots else nearest[:1]
        return sorted(node.edges, key=lambda edge: (_order(edge), self._nodes[edge.sv].distance, edge.name, edge.sv))

    def _mark(self, sv: int) -> str | None:
        """The mark of an SV that is told more than once, where this is the first time."""
        node = self._nodes[sv]
        if self._to_root or node.named < 2 or node.roots or sv in self._marks:
            return None
        self._marks[sv] = _letters(len(self._marks))
        return self._marks[sv]

    def _row(self, depth: int, tells: str, reference: Reference | None = None, mark: str | None = None) -> TreeRow:
        strength = str(reference.strength.name).lower() if reference else None
        address = text = None
        if reference and reference.sv >= 0:
            address, text = self._described[reference.sv]
        name = reference.name if reference else None
        return TreeRow(depth, (tells, strength, name, address, text, mark, None), 0)

    def _unseen_row(self, depth: int, unseen: Unseen) -> TreeRow:
        return TreeRow(depth, (UNSEEN, None, ", ".join(unseen.holders) or None, None, None, None, unseen.missing), 0)


def _order(reference: Reference) -> int:
    return STRENGTHS.index(reference.strength)


def _letters(number: int) -> str:
    """A, B, … Z, AA, AB, … as Perl counts on."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text
