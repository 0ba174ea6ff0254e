"""Lists as Devel::MAT prints them: symbols, packages, elements, values, the value stack, callers, file handles."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from pmat_lsp.analysis.callers import ARGUMENT, LEXICAL, PAD, SUB, TRY
from pmat_lsp.analysis.tables import Table, Tree, Value
from pmat_lsp.render.escape import visible
from pmat_lsp.render.reference_text import by_name, rows_of
from pmat_lsp.render.show_text import slot_lines

_LONGEST = 10_000
_HANDLES = ("Addr", "ifileno", "ofileno", "glob", "state")
Fields = dict[str, Value]


def symbols_text(table: Table) -> Text:
    """`@main::INC at ARRAY(10) at 0x…`."""
    return _listed(table, [f"{_shown(row['symbol'])} at {_shown(row['is'])}" for row in rows_of(table)])


def packages_text(table: Table) -> Text:
    """`package Net::Client at STASH(8) at 0x…`, with the version behind the name where it was asked for."""
    lines = []
    for row in rows_of(table):
        version = f" {_shown(row['version'])}" if row.get("version") is not None else ""
        lines.append(f"package {_shown(row['package'])}{version} at {_shown(row['is'])}")
    return _listed(table, lines)


def elements_text(table: Table) -> Text:
    """`  [0] SCALAR(PV) at 0x… = "text"`, aligned."""
    return _labelled(table, [(f"[{row['index']}]", row["is"]) for row in rows_of(table)])


def values_text(table: Table) -> Text:
    """`  {name} SCALAR(PV) at 0x… = "text"`, aligned."""
    return _labelled(table, [(_shown(row["access"]), row["is"]) for row in rows_of(table)])


def stack_text(table: Table) -> Text:
    """`[0]: SCALAR(PV) at 0x… = "text"`, the top first."""
    return _listed(table, [f"[{row['index']}]: {_shown(row['is'])}" for row in rows_of(table)])


def handles_text(table: Table) -> Text:
    """The handles and their numbers under headings, -1 for no number; nothing where no handle is open."""
    handles = rows_of(table)
    if not handles:
        return Text()
    rows = [list(_HANDLES)]
    for row in handles:
        numbers = [_number(row["ifileno"]), _number(row["ofileno"])]
        rows.append([_shown(row["is"]), *numbers, _shown(row["glob"] or ""), _shown(row["state"] or "")])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for cells in rows:
        name, first, second, *rest = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        numbers = [cell.strip().rjust(len(cell)) for cell in (first, second)]
        lines.append("  ".join([name, *numbers, *rest]).rstrip())
    return _listed(table, lines)


def callers_text(tree: Tree) -> Text:
    """`caller(0): CODE(PP) at 0x…=&main::run => void`, under it where it was called, its arguments and its lexicals."""
    calls: list[list[Fields]] = []
    for row in tree.rows:
        if row.depth == 0:
            calls.append([])
        calls[-1].append(by_name(tree, row.values))
    lines = [line for number, rows in enumerate(calls) for line in _call_lines(number, rows[0], rows[1:])]
    return Text("".join(f"{line}\n" for line in lines))


def _call_lines(number: int, call: Fields, below: list[Fields]) -> Iterator[str]:
    yield f"caller({number}): {_called(call)} => {_shown(call['wants'] or '?')}"
    yield f"  at {_shown(call['file'] or '?')} line {call['line']}"
    if call["about"] != SUB:
        return
    for row in below:
        if row["about"] == ARGUMENT:
            yield f"  {row['name']}: {_shown(row['is'])}"
    yield f"  cv={_shown(call['is'])}"
    pad = [at for at, row in enumerate(below) if row["about"] == PAD]
    if pad:
        yield f"  curpad={_shown(below[pad[0]]['is'])}"
        slots = [{"fact": row["about"], "name": row["name"], "value": row["is"]} for row in below[pad[0] + 1 :]]
        yield from (line.removesuffix("\n") for line in slot_lines(slots))
    else:
        yield from (f"  {row['name']}: {_shown(row['is'])}" for row in below if row["about"] == LEXICAL)
    if not any(row["about"] == ARGUMENT or (row["about"] == LEXICAL and not pad) for row in below):
        # A method may have taken its object off `@_`.
        yield "  (no args)"


def _called(call: Fields) -> str:
    if call["about"] == SUB:
        return _shown(call["is"] or "a sub") + (f"={_shown(call['name'])}" if call["name"] else "")
    return "eval {...}" if call["about"] == TRY else f"eval ({_shown(call['name'] or '...')})"


def _labelled(table: Table, rows: list[tuple[str, Value]]) -> Text:
    width = max((len(label) for label, _ in rows), default=0)
    return _listed(table, [f"  {label:<{width}} {_shown(value)}" for label, value in rows])


def _listed(table: Table, lines: list[str]) -> Text:
    """Lines, and how many were left out."""
    text = Text("".join(f"{line}\n" for line in lines))
    if table.more:
        text.append(f"  ... ({table.more} more)\n", "dim")
    return text


def _number(value: Value) -> str:
    return "-1" if value is None else str(value)


def _shown(value: Value) -> str:
    return visible(str(value), _LONGEST)
