"""The cycle of a finding, a line a step: what is followed, what it leads to, and where that is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.analysis.result import CAPTURES, SUBSCRIPTS, Hop, Step, chain_steps
from pmat_lsp.render.escape import visible
from pmat_lsp.render.paths import shown_path
from pmat_lsp.source.marks import MarkedFinding, Note
from pmat_lsp.source.places import Place
from pmat_lsp.source.store_places import Certainty

_LEAVE_A_CODE = ("capture", "lexical", "scope")


@dataclass(frozen=True, slots=True)
class ChainLine:
    """One step, safe to print; the first line of a chain has only a target."""

    label: str
    """`->{on_closed}`, `$conns->[0]`."""
    target: str
    """`the closure at lib/Net/Client.pm:25`, `the same Net::Conn`."""
    place: str
    """`captured at lib/Net/Client.pm:31`, "" where it is not known."""


def chain_lines(marked: MarkedFinding, folder: Path) -> list[ChainLine]:
    """The start of the cycle, then its steps; paths are shown relative to `folder`."""
    cycle = marked.finding.cycle
    if not cycle:
        return [ChainLine("", "a reference cycle", "")]
    teller = _ChainTeller(marked, folder)
    start = teller.told(cycle[0].source_desc, cycle[0].source)
    lines = [ChainLine("", start, "")]
    for step in chain_steps(cycle):
        target = teller.told(step.target_desc, step.target)
        if step.target == cycle[0].source:
            target = f"the same {_article_off(cycle[0].source_desc)}"
        elif step.target_desc == cycle[0].source_desc:
            target = f"another {_article_off(target)}"
        lines.append(ChainLine(visible(step.label), target, teller.place(step)))
    return lines


def hop_note(marked: MarkedFinding, hop: Hop) -> Note | None:
    """Where a hop is written: the use of a captured lexical, the key under which the next SV is stored, the `tie`."""
    if hop.kind in CAPTURES:
        pairs = zip(marked.finding.closures, marked.closures, strict=True)
        place = next((place for code, place in pairs if code.location == hop.location), None)
        return _note(marked, "captured", hop.name, place) if place else None
    alike = [part for part in marked.finding.cycle if (part.kind, part.name) == (hop.kind, hop.name)]
    if hop.kind not in (*SUBSCRIPTS, "magic") or len(alike) > 1:
        return None
    return _note(marked, "tied" if hop.kind == "magic" else "stored", hop.name, None)


def hop_place(marked: MarkedFinding, hop: Hop) -> Note | None:
    """Where to look for a hop: where it is written, or else at the sub that it leaves or leads to."""
    return hop_note(marked, hop) or _sub_note(marked, hop)


def _sub_note(marked: MarkedFinding, hop: Hop) -> Note | None:
    pairs = zip(marked.finding.closures, marked.closures, strict=True)
    place = next((place for code, place in pairs if code.location == hop.location), None)
    if place is None:
        return None
    at_keyword = (note for note in marked.notes if (note.path, note.range) == (place.path, place.keyword))
    return next((note for note in at_keyword if note.kind == "closure"), None)


def _note(marked: MarkedFinding, kind: str, name: str, inside: Place | None) -> Note | None:
    alike = (note for note in marked.notes if note.kind == kind and note.name == name)
    return next((note for note in alike if inside is None or _lies_in(note, inside)), None)


class _ChainTeller:
    """Knows the places of a finding's closures."""

    def __init__(self, marked: MarkedFinding, folder: Path) -> None:
        self._marked = marked
        self._folder = folder
        pairs = zip(marked.finding.closures, marked.closures, strict=True)
        self._places = {code.location: place for code, place in pairs}

    def told(self, description: str, sv: int) -> str:
        """A description; that of a sub with its place on this disk instead of the one that perl recorded."""
        place = self._place_of(sv)
        if place is None or place.path is None or place.keyword is None:
            return visible(description)
        name = description.partition(" at ")[0]
        return f"{visible(name)} at {self._line(place.path, place.keyword.start.line)}"

    def _place_of(self, sv: int) -> Place | None:
        """The place of a CODE on the cycle, None for any other SV."""
        hops = (hop for hop in self._marked.finding.cycle if hop.source == sv and hop.kind in _LEAVE_A_CODE)
        return next((self._places.get(hop.location) for hop in hops if hop.location), None)

    def place(self, step: Step) -> str:
        """Where the step is written in the source."""
        hop = step.hops[0]
        note = hop_note(self._marked, hop)
        if note is None:
            return ""
        probably = "" if note.certainty is Certainty.CERTAIN else "probably "
        return f"{probably}{note.kind} at {self._line(note.path, note.range.start.line)}"

    def _line(self, path: Path, line: int) -> str:
        return f"{shown_path(path, self._folder)}:{line}"


def _article_off(description: str) -> str:
    """`closure` of `the closure at lib/Net/Client.pm:25`: where it is was said before."""
    name = description.removeprefix("the ")
    return visible(name if name == description else name.partition(" at ")[0])


def _lies_in(note: Note, place: Place) -> bool:
    return place.sub is not None and note.path == place.path and note.range.start in place.sub.body
