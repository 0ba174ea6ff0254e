"""What keeps what alive: the dominator tree, from the top or from one SV."""

from __future__ import annotations

from collections.abc import Callable

from pmat_lsp.analysis.labels import labels
from pmat_lsp.analysis.largest import first_by
from pmat_lsp.analysis.retained import Retained
from pmat_lsp.analysis.tables import Column, Tree, TreeRow, Unit, Value
from pmat_lsp.heap.model import Heap

_COLUMNS = (
    Column("sv", Unit.SV),
    Column("description", Unit.TEXT),
    Column("size", Unit.BYTES),
    Column("retained", Unit.BYTES),
    Column("svs", Unit.COUNT),
)


MOST_LEVELS = 200
"""Nobody reads farther down, and each level is indented: a list of a million elements would make terabytes of text."""
_MOST_ROWS = 20_000


def dominator_tree(heap: Heap, sizes: Retained, sv: int | None, depth: int, width: int) -> Tree:
    """The dominator tree below an SV, or of the whole heap, heaviest children first.

    Args:
        heap: the heap.
        sizes: its dominators.
        sv: the SV at the top; None for the node from which all roots are reached.
        depth: how many levels are shown below the top, `MOST_LEVELS` at the most.
        width: how many children of a node are shown, as long as the tree has no more than 20,000 rows.
    """
    label = labels(heap)
    rows: list[TreeRow] = []
    depth = min(depth, MOST_LEVELS)
    todo = [(0, sizes.super_root if sv is None else sv)]
    while todo:
        level, node = todo.pop()
        children = sizes.children(node)
        room = min(width, max(_MOST_ROWS - len(rows) - len(todo), 0)) if level < depth else 0
        shown = [int(children[i]) for i in first_by(sizes.bytes[children], room)]
        rows.append(TreeRow(level, _values(heap, sizes, node, label), len(children) - len(shown)))
        todo += [(level + 1, child) for child in reversed(shown)]
    return Tree("What keeps what alive", _COLUMNS, tuple(rows))


def _values(heap: Heap, sizes: Retained, node: int, label: Callable[[int], str]) -> tuple[Value, ...]:
    retained, svs = int(sizes.bytes[node]), int(sizes.svs[node])
    if node == sizes.super_root:
        return None, "the whole heap", 0, retained, svs
    return heap.address_of(node), label(node), int(heap.size[node]), retained, svs
