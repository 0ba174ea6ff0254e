"""All about one SV, as Devel::MAT's `show` prints it."""

from __future__ import annotations

from rich.text import Text

from pmat_lsp.analysis.tables import Table, Value
from pmat_lsp.render.escape import visible
from pmat_lsp.render.reference_text import rows_of
from pmat_lsp.units import format_bytes

_LONGEST = 1_000_000
_LINES = {
    "blessed": "  blessed as {value}\n",
    "symbol": "  named as {value}\n",
    "magic": "  has {value} magic\n",
    "magic object": " with object at {value}\n",
    "magic pointer": " with pointer at {value}\n",
    "magic table": "\n     with virtual table at {value}\n",
    "serial": "  debug serial {value}\n",
    "created": "  created at {value}\n",
    "pvlen": "  PVLEN {value}\n",
    "elements": "  {value} elements (use 'elems' command to show)\n",
    "values": "  {value} values (use 'values' command to show)\n",
    "class": "  is CLASS\n",
    "padname": "  [{name}] is {value}\n",
    "pad": "PAD[0]:\n",
}
_CONTINUED = frozenset(("magic object", "magic pointer", "magic table"))
_SLOTS = frozenset(("lexical", "temporary"))


def show_text(table: Table) -> Text:
    """What the SV is, then a line for each fact."""
    facts = rows_of(table)
    lines = [_first_line(table.title, facts)]
    slots = [fact for fact in facts if fact["fact"] in _SLOTS]
    for fact in facts:
        if fact["fact"] in _CONTINUED:
            lines[-1] = lines[-1].removesuffix("\n")
        if fact["fact"] not in ("refcount", "mortal", "glob", *_SLOTS):
            lines.append(_line(fact))
        elif slots and fact is slots[0]:
            lines += slot_lines(slots)
    if globs := [str(fact["value"]) for fact in facts if fact["fact"] == "glob"]:
        lines += ["Referenced globs:\n  ", *(f"{_shown(glob)}, " for glob in globs), "\n"]
    return Text("".join(lines))


def _first_line(title: str, facts: list[dict[str, Value]]) -> str:
    said = {str(fact["fact"]): fact["value"] for fact in facts}
    mortal = " (mortalized)" if "mortal" in said else ""
    return f"{_shown(title)} with refcount {said['refcount']}{mortal}\n"


def _line(fact: dict[str, Value]) -> str:
    kind, name, value = str(fact["fact"]), _shown(fact["name"]), fact["value"]
    if kind == "size":
        size = int(value or 0)
        return f"  size {format_bytes(size)}{f' ({size} bytes)' if size >= 1024 else ''}\n"
    if kind == "field":
        return f"  no {name}\n" if value is None else f"  {name}={_shown(value)}\n"
    return _LINES[kind].format(name=name, value=_shown(value))


def slot_lines(slots: list[dict[str, Value]]) -> list[str]:
    """A line for each slot of a pad: its index, its name if it has one, what is in it."""
    digits = len(str(len(slots) - 1))
    width = max((len(str(slot["name"])) for slot in slots[1:] if slot["fact"] == "lexical"), default=0)
    return [
        f"  [{index:>{digits}}{'/' if slot['fact'] == 'lexical' else ' '}{_shown(slot['name']):<{width}}]="
        f"{_shown(slot['value'])}\n"
        for index, slot in enumerate(slots)
    ]


def _shown(value: Value) -> str:
    return visible(str(value), _LONGEST)
