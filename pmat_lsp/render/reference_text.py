"""Tables as Devel::MAT prints them, for the commands that people and their scripts know from it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.text import Text

from pmat_lsp.analysis.count import CLASS, FIELDS, TOTAL
from pmat_lsp.analysis.tables import Answer, Table, Value
from pmat_lsp.render.escape import visible
from pmat_lsp.render.tables import table_text
from pmat_lsp.units import format_bytes

_LETTERS = {"strong": "s", "weak": "w", "indirect": "i", "inferred": "~"}
_HEADINGS = ("Kind", "Count", "(blessed)", "Bytes", "(blessed)")
_GAPS = ("    ", " ", "    ", " ")
_INDENTS = {CLASS: "    ", FIELDS: "  "}


def summary_text(table: Table) -> Text:
    """The perl, and how many SVs."""
    row = by_name(table, table.rows[0])
    text = f"Perl memory dumpfile from perl {row['perl']} {row['threads']}\nHeap contains {row['objects']} objects\n"
    return Text(text)


def count_text(table: Table) -> Text:
    """The counts under their headings, a line above the total."""
    cells = [_HEADINGS, *(_count_cells(row) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_count_line(row, widths) for row in cells]
    for i, row in enumerate(table.rows):
        if row[0] == TOTAL:
            lines.insert(i + 1, _count_line(["-" * width for width in widths], widths))
    return Text("".join(lines))


def roots_text(table: Table) -> Text:
    """`the default stash: STASH(162) at 0x…=defstash`, aligned."""
    return _aligned([(row["description"], row["is"]) for row in rows_of(table)], ": ")


def references_text(table: Table) -> Text:
    """`s  the referrant  REF() at 0x…`, aligned."""
    rows = [(_LETTERS[str(row["strength"])], row["name"], row["is"]) for row in rows_of(table)]
    return _aligned(rows, "  ")


def largest_text(answer: Answer) -> Text:
    """`HASH(3) at 0x…: 1.2 KiB: of which`, and what it is made of under it behind bars; a table as a table."""
    if isinstance(answer, Table):
        return table_text(answer)
    lines = []
    for row, following in zip_longest(answer.rows, answer.rows[1:]):
        _, text, size = row.values
        parts = ": of which" if following and following.depth > row.depth else ""
        lines.append(f"{' |   ' * row.depth}{visible(str(text), _LONGEST)}: {format_bytes(int(size or 0))}{parts}\n")
    return Text("".join(lines) or "no SVs\n")


def found_text(table: Table) -> Text:
    """`SCALAR(PV) at 0x…: "text"`; or how many there are."""
    if table.columns[0].name == "count":
        return Text(f"Total: {table.rows[0][0]} SVs\n")
    lines = []
    for row in rows_of(table):
        said = f": {visible(str(row['found']), _LONGEST)}" if row["found"] is not None else ""
        lines.append(f"{visible(str(row['is']), _LONGEST)}{said}\n")
    if table.more:
        lines.append(f"and {table.more:,} more\n")
    return Text("".join(lines))


def dangling_text(table: Table) -> Text:
    """`CODE(proto) at 0x… has no constval SV at addr 0x…`."""
    lines = (
        f"{visible(str(row['is']), _LONGEST)} has no {visible(str(row['pointer']), _LONGEST)} SV"
        f" at addr {int(row['address'] or 0):#x}\n"
        for row in rows_of(table)
    )
    return Text("".join(lines))


def rows_of(table: Table) -> list[dict[str, Value]]:
    """The rows of a table by the names of its columns."""
    return [by_name(table, row) for row in table.rows]


def by_name(table: Answer, row: Sequence[Value]) -> dict[str, Value]:
    """One row of a table or tree by the names of its columns."""
    return {column.name: value for column, value in zip(table.columns, row, strict=True)}


def _count_cells(row: Sequence[Value]) -> tuple[str, ...]:
    about, name, count, blessed, size, blessed_size = row
    return (
        _INDENTS.get(str(about), "") + visible(str(name)),
        # The rows of classes are about blessed SVs alone; Devel::MAT prints a 0 for the others.
        str(count or 0),
        str(blessed or ""),
        format_bytes(int(size or 0)),
        format_bytes(int(blessed_size or 0)) if blessed else "",
    )


def _count_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    line = "  " + cells[0].ljust(widths[0])
    for gap, cell, width in zip(_GAPS, cells[1:], widths[1:], strict=True):
        line += gap + cell.rjust(width)
    return line + "\n"


def _aligned(rows: Sequence[Sequence[Value]], gap: str) -> Text:
    cells = [[visible(str(cell), _LONGEST) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        gap.join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)), row[-1]]) + "\n"
        for row in cells
    )
    return Text("".join(lines))


_LONGEST = 10_000
"""Code points of one cell; Devel::MAT has no limit."""
