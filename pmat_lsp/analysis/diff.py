"""What only one of two dumps has, by address: as trees, each SV under the one that it is first reached from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.tables import Column, Tree, TreeRow, Unit, Value
from pmat_lsp.format.kinds import RefKind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described
from pmat_lsp.heap.neighbours import references_out
from pmat_lsp.heap.progress import Progress, no_progress

GONE, NEW, COMMON = "gone", "new", "common"
"""What a row is about: SVs of the first dump alone, of the second alone, of both."""
_COLUMNS = (
    Column("change", Unit.TEXT),
    Column("count", Unit.COUNT),
    Column("sv", Unit.SV),
    Column("is", Unit.TEXT),
    Column("note", Unit.TEXT),
)
_NOTED = {RefKind.MRO_ISA: "mro_isa", RefKind.MRO_LINEAR_CURRENT: "mro_linearcurrent"}
_STEP = 1_000
Svs = npt.NDArray[np.intp]


def diff_tree(before: Heap, after: Heap, progress: Progress = no_progress) -> Tree:
    """The SVs that are gone, under a row with their number; the new ones likewise; how many both dumps have.

    An SV is the same where its address is. Perl uses the memory of a freed SV again, so some that are told to be
    common are others by now.
    """
    progress("comparing", 0, 1)
    gone, new = _only_in(before, after), _only_in(after, before)
    rows = [
        *_side(before, GONE, gone, progress),
        *_side(after, NEW, new, progress),
        TreeRow(0, (COMMON, before.n - len(gone), None, None, None), 0),
    ]
    return Tree("SVs that differ", _COLUMNS, tuple(rows))


def _only_in(heap: Heap, other: Heap) -> Svs:
    return np.flatnonzero(~np.isin(heap.address[: heap.n], other.address[: other.n], assume_unique=True))


def _side(heap: Heap, change: str, svs: Svs, progress: Progress) -> Iterator[TreeRow]:
    yield TreeRow(0, (change, len(svs), None, str(heap.path), None), 0)
    notes = _notes(heap)
    trees = _forest(heap, svs.tolist(), progress)
    waiting = [(sv, 1) for sv in reversed(trees[-1])]
    while waiting:
        sv, depth = waiting.pop()
        values: tuple[Value, ...] = (change, None, heap.address_of(sv), described(heap, sv), notes.get(sv))
        yield TreeRow(depth, values, 0)
        waiting += [(child, depth + 1) for child in reversed(trees[sv])]


def _forest(heap: Heap, svs: list[int], progress: Progress) -> dict[int, list[int]]:
    """SV → those under it; -1 → those at the top. Breadth first from each SV that is not yet reached."""
    unreached, trees = set(svs), {sv: list[int]() for sv in [-1, *svs]}
    done = 0
    for top in svs:
        if top not in unreached:
            continue
        unreached.remove(top)
        trees[-1].append(top)
        queue = deque([top])
        while queue:
            if done % _STEP == 0:
                progress("comparing", done, len(svs))
            done += 1
            sv = queue.popleft()
            children = sorted({reference.sv for reference in references_out(heap, sv)} & unreached)
            unreached.difference_update(children)
            trees[sv] += children
            queue.extend(children)
    return trees


def _notes(heap: Heap) -> dict[int, str]:
    """What perl itself keeps in an SV: `mro_isa of Net::Conn`."""
    notes = {}
    for kind, name in _NOTED.items():
        for row in np.flatnonzero(heap.out_kind == kind).tolist():
            notes[int(heap.out_target[row])] = f"{name} of {heap.stash_name(int(heap.out_source[row])) or '(no name)'}"
    return notes
