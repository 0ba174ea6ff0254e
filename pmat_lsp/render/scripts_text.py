"""Answers about several dumps, and lists of SVs, as the scripts beside Devel::MAT print them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from pmat_lsp.analysis.count import TOTAL
from pmat_lsp.analysis.diff import COMMON, GONE
from pmat_lsp.analysis.tables import Table, Tree, Value
from pmat_lsp.render.escape import visible
from pmat_lsp.render.tables import table_text
from pmat_lsp.units import format_bytes, format_count

_LONGEST = 10_000
_NOTHING_CHANGED = "No finding, container, class or kind has grown or shrunk."
_HEADINGS = ("Kind", "Count", "(blessed)", "Bytes", "(blessed)")
_GAPS = ("    ", " ", "    ", " ")
_TOPS = ("+ ", "- ")
_BRANCHES = (("├─ ", "│  "), ("└─ ", "   "))
"""Of a row that others follow, and of the last one: what stands before it, and before what is under it."""


class _Shown(str):
    """A text out of `visible`. Rich looks for control characters one by one, which takes most of the time of a tree."""

    __slots__ = ()

    def translate(self, _table: object, /) -> str:
        """The text: there are none."""
        return self


def compare_text(table: Table) -> Text:
    """The table of what changed, or that nothing did; then how many findings are the same in both dumps."""
    text = table_text(replace(table, more=0)) if table.rows else Text(f"{_NOTHING_CHANGED}\n")
    if table.more:
        are = "is" if table.more == 1 else "are"
        text.append(f"{format_count(table.more, 'finding')} {are} the same in both dumps.\n")
    return text


def diff_text(tree: Tree) -> Text:
    """`2 unique to a.pmat:` with `- HASH(3) at 0x…` and what is under it; `+` for new ones; the number in common."""
    lines: list[str] = []
    last = _last_ones([row.depth for row in tree.rows])
    # before[d]: what stands before the branch of a row of depth d.
    before, more = ["", "  "], ""
    for row, is_last in zip(tree.rows, last, strict=True):
        change, count, _, text, note = row.values
        shown, depth = visible(str(text), _LONGEST), row.depth
        if depth == 0:
            lines.append(f"{more}\n{count} common\n" if change == COMMON else f"{more}\n{count} unique to {shown}:\n")
            more = _more(row.more)
            continue
        branch, bar = (_TOPS[change == GONE], "  ") if depth == 1 else _BRANCHES[is_last]
        noted = f" ({visible(str(note), _LONGEST)})" if note is not None else ""
        lines.append(f"{before[depth]}{branch}{shown}{noted}\n")
        before[depth + 1 :] = [before[depth] + bar]
    return Text(_Shown("".join(lines)))


def stayed_text(table: Table) -> Text:
    """`LEAK[2] HASH(3) at 0x…`, a line each."""
    lines = [f"LEAK[{number}] {visible(str(text), _LONGEST)}\n" for number, _, text in table.rows]
    return Text(_Shown("".join(lines) + _more(table.more)))


def orphans_text(table: Table) -> Text:
    """`HASH(3) at 0x…`, a line each."""
    return Text(_Shown("".join(f"{visible(str(text), _LONGEST)}\n" for _, text in table.rows)))


def counts_text(table: Table) -> Text:
    """Each dump's name and its counts; behind a number that changed, by how much: `1000(+300)`."""
    lines = []
    for (_, path), block in itertools.groupby(table.rows, key=lambda row: row[:2]):
        rows = list(block)
        cells = [_cells(row) for row in rows]
        widths = [
            (max(len(heading), *(len(row[at][0]) for row in cells)), max(len(row[at][1]) for row in cells))
            for at, heading in enumerate(_HEADINGS)
        ]
        lines.append(f"{visible(str(path), _LONGEST)}\n")
        lines.append(_line([(heading, "") for heading in _HEADINGS], widths))
        for row, shown in zip(rows, cells, strict=True):
            if row[2] == TOTAL:
                lines.append(_line([("-" * (number + change), "") for number, change in widths], widths))
            lines.append(_line(shown, widths))
    return Text("".join(lines))


def _cells(row: Sequence[Value]) -> list[tuple[str, str]]:
    """(number, change) of each cell."""
    numbers, changes = [int(value or 0) for value in row[4:8]], [int(value or 0) for value in row[8:12]]
    cells = [(visible(str(row[3])), "")]
    for at, (number, change) in enumerate(zip(numbers, changes, strict=True)):
        shown = format_bytes if at >= 2 else str
        blank = at % 2 == 1 and not numbers[1] and not changes[1]
        cells.append(
            ("" if blank else shown(number), f"({'-' if change < 0 else '+'}{shown(abs(change))})" if change else "")
        )
    return cells


def _line(cells: Sequence[tuple[str, str]], widths: Sequence[tuple[int, int]]) -> str:
    line = "  " + cells[0][0].ljust(sum(widths[0]))
    for gap, (number, change), (wide, change_wide) in zip(_GAPS, cells[1:], widths[1:], strict=True):
        line += gap + (number.rjust(wide) + change).ljust(wide + change_wide)
    return line.rstrip() + "\n"


def _more(count: int) -> str:
    """The line that says how many SVs were left out; "" for none."""
    return f"and {count:,} more\n" if count else ""


def _last_ones(depths: Sequence[int]) -> list[bool]:
    """Of each row of a tree whether no sibling follows it."""
    last, following = [], list[bool]()
    for depth in reversed(depths):
        # following[d]: whether a row of depth d comes later under the same parent.
        following += [False] * (depth + 1 - len(following))
        last.append(not following[depth])
        following[depth] = True
        del following[depth + 1 :]
    return last[::-1]
