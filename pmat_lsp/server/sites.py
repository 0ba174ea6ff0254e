"""The subs of a source text that the heap knows, found once for each state of the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.analysis.closures import CodeFacts
from pmat_lsp.errors import PmatError
from pmat_lsp.server.paths import same_file_key
from pmat_lsp.session import Dump, PlacedSite
from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.perl import PerlSource, Sub


@dataclass(frozen=True, slots=True)
class KnownSub:
    """A sub of a text with what the heap says of it."""

    sub: Sub
    facts: CodeFacts
    note: str
    """About its place; "" if nothing."""


class Sites:
    """The subs of the dump by file; asked by one thread."""

    def __init__(self, dump: Dump) -> None:
        self._dump = dump
        self._placed: dict[str, tuple[PerlSource, dict[int, list[PlacedSite]]]] = {}

    def source(self, path: Path) -> PerlSource | None:
        """The text of a file that the heap has subs of, None for any other."""
        try:
            source = self._dump.places.source(path)
        except PmatError:
            return None
        return source if self._by_index(path, source) else None

    def known(self, path: Path, source: PerlSource, sub: Sub) -> KnownSub | None:
        """What the heap says of `sub`, a sub of `source`. None: nothing.

        Where perl compiled a text more than once, that with the most leaked clones, then live ones.
        """
        sites = self._by_index(path, source).get(sub.index, [])
        found = [KnownSub(sub, self._dump.facts(placed.site), placed.place.note) for placed in sites]
        return max(found, key=lambda known: (known.facts.leaked, known.facts.live), default=None)

    def around(self, path: Path, source: PerlSource, point: Point) -> Iterator[KnownSub]:
        """The subs around `point` that the heap knows, the innermost first."""
        sub = source.sub_at(point)
        while sub is not None:
            known = self.known(path, source, sub)
            if known is not None:
                yield known
            sub = source.subs[sub.parent] if sub.parent is not None else None

    def capturers(self, path: Path, source: PerlSource, name: str, declaration: Range) -> Iterator[KnownSub]:
        """The subs that captured the lexical `name` that stands at `declaration`, as text and heap say alike."""
        for sub in source.subs:
            if name in sub.uses and source.declaration_outside(sub, name) == declaration:
                known = self.known(path, source, sub)
                lexical = known.facts.lexical(name) if known else None
                if known and lexical and lexical.captured:
                    yield known

    def _by_index(self, path: Path, source: PerlSource) -> dict[int, list[PlacedSite]]:
        key = same_file_key(path)
        kept = self._placed.get(key)
        if kept is None or kept[0] is not source:
            placed: dict[int, list[PlacedSite]] = {}
            # The dump may know the file by the name that it is a link to.
            for site in self._dump.sites_in(path) or self._dump.sites_in(Path(key)):
                if site.place.sub is not None and site.place.status in ("exact", "moved"):
                    placed.setdefault(site.place.sub.index, []).append(site)
            kept = self._placed[key] = (source, placed)
        return kept[1]
