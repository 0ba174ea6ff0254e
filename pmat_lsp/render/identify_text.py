"""The ways from an SV to the roots, as Devel::MAT's `identify` draws them."""

from __future__ import annotations

from rich.text import Text

from pmat_lsp.analysis.identify import AGAIN, CIRCULAR, ITSELF, MORE, NOTHING, REFERENCE, ROOT, TOO_DEEP, UNSEEN
from pmat_lsp.analysis.tables import Tree, TreeRow, Value
from pmat_lsp.render.escape import visible
from pmat_lsp.render.unseen import unseen_sentence

_LONGEST = 10_000
_NOTES = {NOTHING: "not found", TOO_DEEP: "not found at this depth"}


def identify_text(tree: Tree) -> Text:
    """The SV, and below it what refers to it, and so on."""
    lines = [f"{visible(tree.title, _LONGEST)} is:\n"]
    bars: list[str] = []
    for row, last in zip(tree.rows, _last_of_its_kind(tree.rows), strict=True):
        del bars[row.depth :]
        itself = row.values[0] == ITSELF
        lines.append("".join(bars) + ("" if itself else "└─" if last else "├─") + _told(row) + "\n")
        bars.append("  " if last else "│ ")
    return Text("".join(lines))


def _last_of_its_kind(rows: tuple[TreeRow, ...]) -> list[bool]:
    """Whether no row with the same parent follows."""
    result, followed = [True] * len(rows), list[bool]()
    for i in range(len(rows) - 1, -1, -1):
        depth = rows[i].depth
        followed += [False] * (depth + 1 - len(followed))
        result[i] = not followed[depth]
        followed[depth] = True
        del followed[depth + 1 :]
    return result


def _told(row: TreeRow) -> str:
    tells, strength, name, _, text, mark, missing = row.values
    if tells == UNSEEN:
        return unseen_sentence(int(missing or 0), str(name).split(", ") if name else ())
    if tells == REFERENCE:
        marked = f" (*{mark})" if mark else ""
        return f"{_label(strength)}{_shown(name)} of {_shown(text)}, which is{marked}:"
    if tells == ROOT:
        return _label(strength) + _shown(name)
    if tells == MORE:
        return f"and {row.more:,} more"
    if tells in (AGAIN, CIRCULAR):
        return f"already found{' circularly' if tells == CIRCULAR else ''}{f' as *{mark}' if mark else ''}"
    return "itself" if tells == ITSELF else _NOTES[str(tells)]


def _label(strength: Value) -> str:
    return "" if strength == "strong" else f"[{strength}] "


def _shown(value: Value) -> str:
    return visible(str(value), _LONGEST)
