"""A finding on the source lines: where its closures are, and every step of its cycle that has a place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pmat_lsp.analysis.result import Closure, Finding, Hop, chain_steps, leading_hop
from pmat_lsp.errors import PmatError
from pmat_lsp.source.ignores import ignore_reason
from pmat_lsp.source.model import Range
from pmat_lsp.source.places import Place, Places


@dataclass(frozen=True)
class Note:
    """A place on the way of a cycle."""

    path: Path
    range: Range
    text: str
    """`$conns declared here`, `stored as {on_closed} here`; text from the dump is not escaped."""
    kind: str
    """`closure` (the keyword of a sub on the cycle), `captured` (the first use of a lexical in it), `declared`, or
    `stored` (the key of the hash that holds the next SV)."""


@dataclass(frozen=True)
class MarkedFinding:
    """A finding with its places on this disk."""

    finding: Finding
    place: Place | None
    """Of the closure to mark; None for a cycle without a closure."""
    closures: tuple[Place, ...]
    """Of each of `finding.closures`."""
    notes: tuple[Note, ...]
    """The steps of the cycle that have a place, in its order, beginning at the closure that is marked."""
    ignored: str | None = None
    """The reason that a comment at the mark gives for ignoring the finding; None: there is none."""
    missing: tuple[str, ...] = ()
    """A sentence for each file of the finding that has no place here: which, and why; with the candidates."""

    @property
    def mark(self) -> Note | None:
        """The range to mark: the keyword of the closure, else the first place of the cycle; None: nothing was found."""
        if self.place is not None and self.place.path is not None and self.place.keyword is not None:
            return Note(self.place.path, self.place.keyword, "this closure leaks", "closure")
        return next(iter(self.notes), None)


def mark_finding(places: Places, finding: Finding) -> MarkedFinding:
    """Find the places of a finding; what is not found is told by the status and note of each Place."""
    found = {closure.location: place_closure(places, closure) for closure in finding.closures}
    by_code = {hop.source: found.get(hop.location) for hop in finding.cycle if hop.location and _is_code(hop, finding)}
    cycle = _from_marked_closure(finding, by_code)
    first = next((by_code[hop.source] for hop in cycle if by_code.get(hop.source)), None)
    marked = MarkedFinding(
        finding=finding,
        place=first or next(iter(found.values()), None),
        closures=tuple(found[closure.location] for closure in finding.closures),
        notes=tuple(_notes(places, cycle, by_code) if finding.closures else _stores(places, finding)),
    )
    return replace(marked, ignored=_ignored(places, marked), missing=tuple(_missing(places, marked)))


def _missing(places: Places, marked: MarkedFinding) -> dict[str, None]:
    """Each sentence once."""
    finding = marked.finding
    if not finding.closures:
        reasons = ((recorded, places.why_missing(recorded)) for recorded in finding.class_files)
        return dict.fromkeys(f"{recorded}: {reason}" for recorded, reason in reasons if reason)
    told = zip(finding.closures, marked.closures, strict=True)
    return dict.fromkeys(
        f"{closure.location}: {place.note}"
        for closure, place in told
        if place.status == "missing" or (place.status == "none" and closure.location.line > 0)
    )


def _ignored(places: Places, marked: MarkedFinding) -> str | None:
    if marked.mark is None:
        return None
    try:
        source = places.source(marked.mark.path)
    except PmatError:
        return None
    return ignore_reason(source, marked.mark.range.start.line, marked.finding.code)


def place_closure(places: Places, closure: Closure) -> Place:
    """The place of a closure of a finding."""
    names = tuple(capture.name for capture in closure.captures)
    return places.place_code(closure.location, closure.name, names, closure.padnames)


def _is_code(hop: Hop, finding: Finding) -> bool:
    return hop.kind in ("capture", "lexical", "scope") or any(closure.sv == hop.source for closure in finding.closures)


def _from_marked_closure(finding: Finding, by_code: dict[int, Place | None]) -> tuple[Hop, ...]:
    """The cycle, turned so that it begins at the closure to mark: that whose capture closes the cycle."""
    hops = finding.cycle
    leading = leading_hop(hops)
    start = leading if leading is not None else next((i for i, hop in enumerate(hops) if hop.source in by_code), 0)
    return hops[start:] + hops[:start]


def _notes(places: Places, cycle: tuple[Hop, ...], by_code: dict[int, Place | None]) -> list[Note]:
    notes: list[Note] = []
    for hop in cycle:
        place = by_code.get(hop.source)
        if place is not None and place.path is not None and place.keyword is not None:
            notes += _closure_notes(places, hop, place)
        if hop.kind == "key":
            notes += _stored(places, hop, cycle, by_code)
    return notes


def _closure_notes(places: Places, hop: Hop, place: Place) -> list[Note]:
    assert place.path is not None
    assert place.keyword is not None
    notes = [Note(place.path, place.keyword, _role(hop), "closure")]
    if hop.kind in ("capture", "lexical"):
        use, declaration = places.place_captured(place, hop.name)
        if use is not None:
            notes.append(Note(place.path, use, f"{hop.name} captured here", "captured"))
        if declaration is not None:
            notes.append(Note(place.path, declaration, f"{hop.name} declared here", "declared"))
    return notes


def _role(hop: Hop) -> str:
    """What a closure does on the cycle, said of its `sub`."""
    if hop.kind in ("capture", "lexical"):
        return f"this closure captures {hop.name}"
    return "this closure keeps the sub around it alive" if hop.kind == "scope" else "this closure is on the cycle"


def _stored(places: Places, hop: Hop, cycle: tuple[Hop, ...], by_code: dict[int, Place | None]) -> list[Note]:
    """Where the key of a hop is stored: in the file of one of the cycle's closures, the held one's first."""
    at = cycle.index(hop)
    nearest = cycle[at + 1 :] + cycle[: at + 1]
    for place in (by_code.get(other.source) for other in nearest):
        if place is None or place.path is None or place.keyword is None:
            continue
        range_ = places.place_key(place.path, hop.name, place.keyword)
        if range_ is not None:
            return [Note(place.path, range_, f"stored as {{{hop.name}}} here", "stored")]
    return []


def _stores(places: Places, finding: Finding) -> list[Note]:
    """Where the keys of a cycle without a closure are stored, in the files of its classes; that to cut first.

    A key that several places store is marked at each, since the heap does not say which of them it was.
    """
    if finding.cut is None:
        return []
    hops = finding.cycle[finding.cut :] + finding.cycle[: finding.cut]
    return [note for hop in hops if hop.kind == "key" for note in _stores_of_key(places, finding, hop.name)]


def _stores_of_key(places: Places, finding: Finding, key: str) -> list[Note]:
    found: list[tuple[Path, Range]] = []
    for recorded in finding.class_files:
        path = places.locate(recorded).path
        if path is None:
            continue
        try:
            found += [(path, range_) for range_ in places.source(path).hash_key_stores(key)]
        except PmatError:
            continue
    text = f"stored as {{{key}}} here"
    more = f" (one of {len(found)} places that do)" if len(found) > 1 else ""
    return [Note(path, range_, text + more, "stored") for path, range_ in found]


def chain_text(finding: Finding) -> str:
    """The cycle in one line: `Net::Conn → {on_closed} → $conns->[0] → the same Net::Conn`."""
    steps = chain_steps(finding.cycle)
    labels = [step.label.removeprefix("->") for step in steps]
    start = finding.cycle[0].source_desc if finding.cycle else ""
    return " → ".join([start, *labels, f"the same {start.removeprefix('the ')}"])
