"""Tables and trees as text for a terminal, and as JSON.

The JSON is an interface: `{"schema": 1, "title", "columns": [{"name", "unit"}, ...], "rows": [...], "more"}`. A row is
an object with the columns' names as keys; SVs are addresses, "0x…". A tree's rows have `depth` and `more` besides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from rich.text import Text

from pmat_lsp.analysis.tables import Column, Table, Tree, Unit, Value
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.escape import visible
from pmat_lsp.units import format_bytes

SCHEMA = 1
"""Grows when a key is removed or changes its meaning."""
_TITLE, _HEADING, _FAINT = "bold", "bold", "dim"
_INDENT = "  "
_GAP = "  "
_RIGHT = (Unit.BYTES, Unit.COUNT)
_SURROGATES = re.compile("[\ud800-\udfff]")


def table_text(heap: Heap, table: Table) -> Text:
    """A table with aligned columns, its heading, and how many rows were left out."""
    rows = [[_shown(heap, *pair) for pair in zip(table.columns, row, strict=True)] for row in table.rows]
    text = _grid(table.title, table.columns, rows)
    if table.more:
        text.append(f"{_INDENT}and {table.more:,} more\n", _FAINT)
    return text


def tree_text(heap: Heap, tree: Tree) -> Text:
    """A tree with its numbers in aligned columns, and the texts indented by depth; they stand last."""
    order = [i for i, column in enumerate(tree.columns) if column.unit is not Unit.TEXT]
    texts = [i for i, column in enumerate(tree.columns) if column.unit is Unit.TEXT]
    columns = [tree.columns[i] for i in order + texts]
    rows = []
    for row in tree.rows:
        cells = [_shown(heap, tree.columns[i], row.values[i]) for i in order + texts]
        first = len(order)
        cells[first:] = [_INDENT * row.depth + cell for cell in cells[first:]]
        cells[-1] += f" (and {row.more:,} more)" if row.more else ""
        rows.append(cells)
    return _grid(tree.title, columns, rows)


def table_json(heap: Heap, table: Table) -> str:
    """A table as one JSON object in ASCII, without a line feed at its end."""
    rows = [_json_row(heap, table.columns, row) for row in table.rows]
    return _dumped(table.title, table.columns, {"rows": rows, "more": table.more})


def tree_json(heap: Heap, tree: Tree) -> str:
    """A tree as one JSON object in ASCII, without a line feed at its end."""
    rows = [{"depth": row.depth, "more": row.more, **_json_row(heap, tree.columns, row.values)} for row in tree.rows]
    return _dumped(tree.title, tree.columns, {"rows": rows})


def _grid(title: str, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Text:
    rows = list(rows)
    headings = [column.name for column in columns]
    widths = [max(map(len, cells)) for cells in zip(headings, *rows, strict=True)]
    text = Text().append(visible(title) + "\n", _TITLE)
    text.append(_line(columns, headings, widths), _HEADING)
    for row in rows:
        text.append(_line(columns, row, widths))
    return text


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if column.unit in _RIGHT else cell.ljust(width)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    )
    return (_INDENT + _GAP.join(padded)).rstrip() + "\n"


def _shown(heap: Heap, column: Column, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return visible(value)
    if column.unit is Unit.SV:
        return hex(int(heap.address[value]))
    return format_bytes(value) if column.unit is Unit.BYTES else f"{value:,}"


def _json_row(heap: Heap, columns: Sequence[Column], row: Sequence[Value]) -> dict[str, object]:
    pairs = zip(columns, row, strict=True)
    return {column.name: _json_value(heap, column, value) for column, value in pairs}


def _json_value(heap: Heap, column: Column, value: Value) -> object:
    if column.unit is Unit.SV and isinstance(value, int):
        return hex(int(heap.address[value]))
    if isinstance(value, str):
        # A name in bytes that are no UTF-8, which JSON cannot carry.
        return _SURROGATES.sub(lambda match: f"\\x{ord(match[0]) & 0xFF:02x}", value)
    return value


def _dumped(title: str, columns: Sequence[Column], rest: dict[str, object]) -> str:
    named = [{"name": column.name, "unit": column.unit.value} for column in columns]
    answer = {"schema": SCHEMA, "title": title, "columns": named, **rest}
    # DEL is the one character in ASCII that acts on a terminal and that JSON leaves as it is.
    return json.dumps(answer, ensure_ascii=True, indent=2).replace("\x7f", "\\u007f")
