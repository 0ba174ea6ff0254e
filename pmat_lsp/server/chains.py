"""The chains of the findings in the text: which one is under the cursor, and all its places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pmat_lsp.server.paths import same_file_key
from pmat_lsp.source.marks import MarkedFinding
from pmat_lsp.source.model import Point, Range

Spot = tuple[Path, Range]


def places_of(marked: MarkedFinding) -> tuple[Spot, ...]:
    """Every place on the chain of a finding: its closures, and the steps between them."""
    return tuple(dict.fromkeys(_places(marked)))


def findings_at(all_marked: tuple[MarkedFinding, ...], path: Path, point: Point) -> tuple[MarkedFinding, ...]:
    """The findings that have a place at `point` of a file."""
    key = same_file_key(path)
    return tuple(
        marked
        for marked in all_marked
        if any(point in range_ and same_file_key(file) == key for file, range_ in places_of(marked))
    )


def findings_with_key(all_marked: tuple[MarkedFinding, ...], name: str, path: Path) -> tuple[MarkedFinding, ...]:
    """The findings that have a hash key of this name on their cycle and a place in the file."""
    key = same_file_key(path)
    return tuple(
        marked
        for marked in all_marked
        if any(hop.kind == "key" and hop.name == name for hop in marked.finding.cycle)
        and any(same_file_key(file) == key for file, _ in places_of(marked))
    )


def _places(marked: MarkedFinding) -> Iterator[Spot]:
    for note in marked.notes:
        yield note.path, note.range
    for place in marked.closures:
        if place.path is not None and place.keyword is not None and place.sub is not None:
            yield place.path, place.keyword
