"""Tables and trees as text for a terminal, as JSON and as CSV.

The JSON is an interface: `{"schema": 1, "title", "columns": [{"name", "unit"}, ...], "rows": [...], "more"}`. A row is
an object with the columns' names as keys; SVs are addresses, "0x…". A tree's rows have `depth` and `more` besides.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from rich.text import Text

from pmat_lsp.analysis.tables import Answer, Column, Table, Tree, Unit, Value
from pmat_lsp.render.escape import carried, visible, without_formula
from pmat_lsp.units import format_bytes

SCHEMA = 1
"""Grows when a key is removed or changes its meaning."""
Kind = TypeVar("Kind", bound=Answer)
Rendering: TypeAlias = Callable[[Kind], Text]
"""How an answer reads on a terminal."""
_TITLE, _HEADING, _FAINT = "bold", "bold", "dim"
_INDENT = "  "
_GAP = "  "
_RIGHT = (Unit.BYTES, Unit.COUNT)


def table_text(table: Table) -> Text:
    """A table with aligned columns, its heading, and how many rows were left out."""
    rows = [[_shown(*pair) for pair in zip(table.columns, row, strict=True)] for row in table.rows]
    text = _grid(table.title, table.columns, rows)
    if table.more:
        text.append(f"{_INDENT}and {table.more:,} more\n", _FAINT)
    return text


def tree_text(tree: Tree) -> Text:
    """A tree with its numbers in aligned columns, and the texts indented by depth; they stand last."""
    order = [i for i, column in enumerate(tree.columns) if column.unit is not Unit.TEXT]
    texts = [i for i, column in enumerate(tree.columns) if column.unit is Unit.TEXT]
    columns = [tree.columns[i] for i in order + texts]
    rows = []
    for row in tree.rows:
        cells = [_shown(tree.columns[i], row.values[i]) for i in order + texts]
        first = len(order)
        cells[first:] = [_INDENT * row.depth + cell for cell in cells[first:]]
        cells[-1] += f" (and {row.more:,} more)" if row.more else ""
        rows.append(cells)
    return _grid(tree.title, columns, rows)


def answer_text(answer: Answer) -> Text:
    """A table or tree as text."""
    return tree_text(answer) if isinstance(answer, Tree) else table_text(answer)


def answer_data(answer: Answer) -> dict[str, object]:
    """A table or tree as values that JSON has."""
    columns = [{"name": column.name, "unit": column.unit.value} for column in answer.columns]
    head: dict[str, object] = {"schema": SCHEMA, "title": carried(answer.title), "columns": columns}
    if isinstance(answer, Tree):
        return head | {
            "rows": [{"depth": row.depth, "more": row.more, **_row(answer.columns, row.values)} for row in answer.rows]
        }
    return head | {"rows": [_row(answer.columns, row) for row in answer.rows], "more": answer.more}


def answer_json(answer: Answer) -> str:
    """A table or tree as one JSON object in ASCII, without a line feed at its end."""
    # DEL is the one character in ASCII that acts on a terminal and that JSON leaves as it is.
    return json.dumps(answer_data(answer), ensure_ascii=True, indent=2).replace("\x7f", "\\u007f")


def answer_csv(answer: Answer) -> str:
    """A table or tree as comma-separated values under the columns' names; bytes and counts are plain numbers.

    A tree has the column `depth` before the others. What acts instead of being shown is escaped, as in the text.
    """
    heading = [column.name for column in answer.columns]
    if isinstance(answer, Tree):
        lines = [["depth", *heading], *([str(row.depth), *_cells(answer.columns, row.values)] for row in answer.rows)]
    else:
        lines = [heading, *(_cells(answer.columns, row) for row in answer.rows)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def _cells(columns: Sequence[Column], row: Sequence[Value]) -> list[str]:
    values = _row(columns, row).values()
    return ["" if value is None else _cell(value) for value in values]


def _cell(value: object) -> str:
    shown = visible(str(value), len(str(value)) + 1)
    return without_formula(shown) if isinstance(value, str) else shown


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


def _shown(column: Column, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return visible(value)
    if column.unit is Unit.SV:
        return hex(value)
    return format_bytes(value) if column.unit is Unit.BYTES else f"{value:,}"


def _row(columns: Sequence[Column], row: Sequence[Value]) -> dict[str, object]:
    return {column.name: _value(column, value) for column, value in zip(columns, row, strict=True)}


def _value(column: Column, value: Value) -> object:
    if column.unit is Unit.SV and isinstance(value, int):
        return hex(value)
    return carried(value) if isinstance(value, str) else value
