"""What C code may hold: the answer of `pmat-lsp leaks --unexplained`, and a line for each class of the program."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator, Sequence

from rich.text import Text

from pmat_lsp.analysis.result import Hop, chain_steps
from pmat_lsp.analysis.unexplained import Suspect, Unexplained, UnexplainedGroup
from pmat_lsp.render.escape import visible
from pmat_lsp.render.unseen import unseen_sentence
from pmat_lsp.units import format_bytes, format_count

MOST_GROUPS = 30
MOST_SUSPECTS = 5
_SUSPECT = "bold yellow"
_LABEL = "bold"
_WRAP_AT = 108
_UNDER = " " * 25
_ALIVE = """\
These need not be leaks: a callback that an event loop written in C holds looks the same.
"""


def suspects_text(suspects: Sequence[Suspect]) -> Text:
    """A line for each class of the program's own that C code may hold objects of, `MOST_SUSPECTS` at the most."""
    text = Text()
    for suspect in suspects[:MOST_SUSPECTS]:
        lines = textwrap.wrap(
            f"{_suspected(suspect)}: `pmat-lsp leaks --unexplained`", _WRAP_AT, break_on_hyphens=False
        )
        text.append("suspected: ", _SUSPECT).append(f"\n{' ' * 11}".join(lines) + "\n")
    if len(suspects) > MOST_SUSPECTS:
        text.append(
            f"{' ' * 11}and objects of {format_count(len(suspects) - MOST_SUSPECTS, 'more class', 'more classes')}\n"
        )
    return text


def unexplained_text(found: Unexplained) -> Text:
    """The groups, of more than `MOST_GROUPS` the first ones, what is left out, and what to make of them."""
    if not found.svs:
        return Text("nothing else is lost.\n")
    verb = "is" if found.svs == 1 else "are"
    title = (
        f"{format_count(found.svs, 'SV')} ({format_bytes(found.bytes)}) {verb} lost, "
        "but something that the dump does not show may hold them:"
    )
    text = Text.assemble((title, "bold"), "\n")
    for group in found.groups[:MOST_GROUPS]:
        text.append_text(_group(group))
    if len(found.groups) > MOST_GROUPS:
        text.append(f"  and {format_count(len(found.groups) - MOST_GROUPS, 'more sort', 'more sorts')}\n")
    for line in _rest(found):
        text.append(f"  {line}\n")
    return text.append(_ALIVE) if found.groups else text


def _suspected(suspect: Suspect) -> str:
    things = format_count(suspect.objects, f"{visible(suspect.package)} object")
    one = suspect.objects == 1
    unseen = unseen_sentence(suspect.missing, suspect.holders, _held(suspect))
    return f"{things} ({format_bytes(suspect.bytes)}) {'is' if one else 'are'} unreachable, and {unseen}"


def _held(suspect: Suspect) -> str:
    """What the counts are on."""
    if suspect.directly:
        return "it" if suspect.objects == 1 else "each"
    to = "it" if suspect.objects == 1 else "them"
    return f"what leads to {to}" if suspect.held == 1 else f"each of {suspect.held:,} SVs that lead to {to}"


def _group(group: UnexplainedGroup) -> Text:
    count = len(group.svs)
    text = Text(f"  {count:>7,}  {format_bytes(group.bytes_total):>12}  ")
    text.append(visible(group.description), _LABEL).append("\n")
    for line in _facts(group):
        text.append(f"{_UNDER}{line}\n")
    return text


def _facts(group: UnexplainedGroup) -> Iterator[str]:
    """What is told below a group."""
    yield unseen_sentence(group.missing, group.holders, "it" if len(group.svs) == 1 else "each")
    chain = _chain(group.chain)
    if group.package is not None and chain:
        objects = format_count(group.objects, f"{visible(group.package)} object")
        yield f"leads to {objects}" + (f": {chain}" if chain != visible(group.package) else "")
    elif chain:
        yield f"leads to {chain}"


def _chain(chain: Sequence[Hop]) -> str:
    """`the closure at app.pl:3, $self Stripper, ->{parser} HTML::Parser`; references at its start are left out."""
    steps = list(itertools.dropwhile(lambda step: step.hops[0].kind == "deref", chain_steps(tuple(chain))))
    if not steps:
        return visible(chain[-1].target_desc) if chain else ""
    told = [visible(steps[0].hops[0].source_desc)]
    return ", ".join([*told, *(f"{visible(step.label)} {visible(step.target_desc)}" for step in steps)])


def _rest(found: Unexplained) -> Iterator[str]:
    """What is only counted."""
    if found.shared:
        yield f"{format_count(found.shared, 'more SV')} that several of these hold together"
    if found.perls_own:
        yield f"left out: {format_count(found.perls_own, 'SV')} that perl itself holds in every program"
    if found.few_svs:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.few)
        yield f"left out: {format_count(found.few_svs, 'SV')} of plain data, with few that are alike ({kinds})"
