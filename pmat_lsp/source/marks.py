"""A finding on the source lines: where its closures are, and every step of its cycle that has a place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pmat_lsp.analysis.result import (
    SUBSCRIPTS,
    Closure,
    Cut,
    Edge,
    Finding,
    Hop,
    Location,
    access_path,
    chain_steps,
    leading_hop,
    stored_edges,
)
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind
from pmat_lsp.source.advice import Advice, MarkedSub, advice_on
from pmat_lsp.source.direction import cut_by_source
from pmat_lsp.source.ignores import ignore_reason
from pmat_lsp.source.key_stores import KeyStore, StoreKind
from pmat_lsp.source.model import Range
from pmat_lsp.source.places import Place, Places
from pmat_lsp.source.store_places import Certainty, FoundStores, StorePlaces

MOST_OTHERS = 5
"""So many other candidates of a place are told."""


@dataclass(frozen=True)
class Note:
    """A place on the way of a cycle."""

    path: Path
    range: Range
    text: str
    """`$conns declared here`, `stored as {on_closed} here`; text from the dump is not escaped."""
    kind: str
    """`closure` (the keyword of a sub on the cycle), `captured` (the first use of a lexical in it), `declared`,
    `stored` (the key of the hash that holds the next SV), or `tied`."""
    name: str = ""
    """The variable that is captured or declared, the key or index that is stored; "" for a closure."""
    certainty: Certainty = Certainty.CERTAIN
    """How far the place is known."""
    others: tuple[tuple[Path, Range], ...] = ()
    """The other places that it may be instead, the likeliest first."""


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
    advice: Advice
    """What to do about it."""
    ignored: str | None = None
    """The reason that a comment at the mark gives for ignoring the finding; None: there is none."""
    missing: tuple[str, ...] = ()
    """A sentence for each file of the finding that has no place here: which, and why; with the candidates."""
    start: int | None = None
    """Index of the hop of the cycle that leaves the closure to mark; None for a cycle without a closure."""
    cut: Cut | None = None
    """Where the cycle is best cut, as far as heap and source tell."""
    stored: tuple[StoredEdge, ...] = ()
    """The edges of the cycle with the places that may have stored them, that to cut first."""

    @property
    def mark(self) -> Note | None:
        """The range to mark: the keyword of the closure, else the first place of the cycle; None: nothing was found."""
        place = self.place
        if place is not None and place.path is not None and place.keyword is not None:
            certainty = Certainty.CERTAIN if place.sub is not None else Certainty.PROBABLE
            return Note(place.path, place.keyword, "this closure leaks", "closure", certainty=certainty)
        return next(iter(self.notes), None)

    @property
    def certainty(self) -> Certainty:
        """How far the mark is known."""
        return self.mark.certainty if self.mark is not None else Certainty.UNKNOWN

    @property
    def access_path(self) -> str:
        """`$conns->[0]{on_closed}`: from the closure that is marked back to it, as Perl writes it; "" without one."""
        return access_path(self.finding.cycle, self.start)


class StoredEdge(NamedTuple):
    """An edge of a cycle, and where it was stored."""

    edge: Edge
    found: FoundStores


def mark_finding(places: Places, finding: Finding) -> MarkedFinding:
    """Find the places of a finding; what is not found is told by the status and note of each Place."""
    found = {closure.location: place_closure(places, closure) for closure in finding.closures}
    by_code = {hop.source: found.get(hop.location) for hop in finding.cycle if hop.location and _is_code(hop, finding)}
    start = _start(places, finding, found)
    cycle = finding.cycle[start or 0 :] + finding.cycle[: start or 0]
    first = next((by_code[hop.source] for hop in cycle if by_code.get(hop.source)), None)
    stored, cut = _stored(StorePlaces(places, finding), finding, by_code)
    place = first or next(iter(found.values()), None)
    bases = {edge.start: base for edge, stores in stored if (base := _base(stores))}
    marked = MarkedFinding(
        finding=finding,
        place=place,
        advice=advice_on(finding, start, _marked_sub(places, place), cut, bases),
        closures=tuple(found[closure.location] for closure in finding.closures),
        notes=(),
        start=start,
        cut=cut,
        stored=stored,
    )
    notes = _notes(places, marked, by_code) if finding.closures else _store_notes(stored)
    marked = replace(marked, notes=tuple(notes))
    return replace(marked, ignored=_ignored(places, marked), missing=tuple(_missing(places, marked)))


def _start(places: Places, finding: Finding, found: Mapping[Location, Place]) -> int | None:
    """The hop that leaves the closure to mark: one whose text is the program's own, if there is one."""
    own = [
        location
        for location, place in found.items()
        if place.path is not None and place.keyword is not None and places.is_own(place.path)
    ]
    leading = leading_hop(finding.cycle, own or finding.own_closures)
    if leading is not None:
        return leading
    codes = (at for at, hop in enumerate(finding.cycle) if hop.source_kind == Kind.CODE)
    return next(codes, None)


def _stored(
    store_places: StorePlaces, finding: Finding, by_code: Mapping[int, Place | None]
) -> tuple[tuple[StoredEdge, ...], Cut | None]:
    """(the edges of the cycle with their places, that to cut first; where the cycle is cut)."""
    stored = []
    for edge in stored_edges(finding.cycle):
        place = by_code.get(edge.hops[-1].target)
        spot = (place.path, place.keyword) if place and place.path and place.keyword and place.sub else None
        stored.append(StoredEdge(edge, store_places.of(edge, spot)))
    cut = finding.cut
    if not finding.closures:
        subscripts = [one for one in stored if one.edge.hops[0].kind in SUBSCRIPTS]
        cut = cut_by_source(subscripts) or finding.cut
        # A tie is where such a cycle is closed.
        begin = next((one.edge.start for one in stored if one.edge.hops[0].kind == "magic" and one.found.stores), None)
        begin = begin if begin is not None else cut.hop if cut is not None else 0
        stored.sort(key=lambda one: (one.edge.start - begin) % len(finding.cycle))
    return tuple(stored), cut


def _marked_sub(places: Places, place: Place | None) -> MarkedSub | None:
    """The closure that is marked, where its text is certain."""
    if place is None or place.path is None or place.sub is None:
        return None
    try:
        source = places.source(place.path)
    except PmatError:
        return None
    return MarkedSub(source, place.sub) if place.sub in source.subs else None


def _base(found: FoundStores) -> str:
    """The variable whose object has the reference, where its place is certain, or that is tied; "" for another."""
    if found.certainty is not Certainty.CERTAIN:
        return ""
    store = found.stores[0].store
    is_variable = store.base is not None and (store.base.type == "scalar" or store.kind is StoreKind.TIED)
    return store.source.string(store.base) if store.base is not None and is_variable else ""


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


def _notes(places: Places, marked: MarkedFinding, by_code: Mapping[int, Place | None]) -> list[Note]:
    notes: list[Note] = []
    start, cycle = marked.start or 0, marked.finding.cycle
    stored = {edge.start: StoredEdge(edge, found) for edge, found in marked.stored}
    for at in [*range(start, len(cycle)), *range(start)]:
        place = by_code.get(cycle[at].source)
        if place is not None and place.path is not None and place.keyword is not None:
            notes += _closure_notes(places, cycle[at], place)
        if at in stored:
            notes += _store_notes([stored[at]])
    return notes


def _closure_notes(places: Places, hop: Hop, place: Place) -> list[Note]:
    assert place.path is not None
    assert place.keyword is not None
    notes = [Note(place.path, place.keyword, _role(hop), "closure")]
    if hop.kind in ("capture", "lexical"):
        use, declaration = places.place_captured(place, hop.name)
        if use is not None:
            notes.append(Note(place.path, use, f"{hop.name} captured here", "captured", hop.name))
        if declaration is not None:
            notes.append(Note(place.path, declaration, f"{hop.name} declared here", "declared", hop.name))
    return notes


def _role(hop: Hop) -> str:
    """What a closure does on the cycle, said of its `sub`."""
    if hop.kind in ("capture", "lexical"):
        return f"this closure captures {hop.name}"
    return "this closure keeps the sub around it alive" if hop.kind == "scope" else "this closure is on the cycle"


def _store_notes(stored: Iterable[StoredEdge]) -> list[Note]:
    """Where the edges of a cycle were stored, as far as that is known."""
    notes = []
    for edge, found in stored:
        if not found.stores:
            continue
        first, *others = found.stores
        spots = tuple((other.path, other.range) for other in others)
        name = edge.hops[0].name
        told = _store_text(first.store, edge)
        text = told if found.certainty is Certainty.CERTAIN else f"probably {told}{_others_text(spots)}"
        kind = "tied" if first.store.kind is StoreKind.TIED else "stored"
        notes.append(Note(first.path, first.range, text, kind, name, found.certainty, spots))
    return notes


def _store_text(store: KeyStore, edge: Edge) -> str:
    if store.kind is StoreKind.TIED:
        return "tied here"
    subscript = edge.hops[0].label.removeprefix("->")
    return f"declared as {subscript} here" if store.kind is StoreKind.ATTRIBUTE else f"stored as {subscript} here"


def _others_text(others: Sequence[tuple[Path, Range]]) -> str:
    """` (or at Order.pm:12, 14 and 3 more)`: the likeliest of the other places."""
    if not others:
        return ""
    told = ", ".join(f"{path.name}:{range_.start.line}" for path, range_ in others[:MOST_OTHERS])
    more = f" and {len(others) - MOST_OTHERS:,} more" if len(others) > MOST_OTHERS else ""
    return f" (or at {told}{more})"


def chain_text(finding: Finding) -> str:
    """The cycle in one line: `Net::Conn → {on_closed} → $conns->[0] → the same Net::Conn`."""
    steps = chain_steps(finding.cycle)
    labels = [step.label.removeprefix("->") for step in steps]
    start = finding.cycle[0].source_desc if finding.cycle else ""
    return " → ".join([start, *labels, f"the same {start.removeprefix('the ')}"])
