"""The subs of a source text that the heap knows, found once for each state of the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pmat_lsp.analysis.classes import Classes, ClassFacts
from pmat_lsp.analysis.closures import CodeFacts, LexicalFacts, clones_at, lexicals_of, recorded_files, retained_by
from pmat_lsp.analysis.reached import Roots, WayToRoot
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.symbols import find_symbol
from pmat_lsp.heap.values import file_facts
from pmat_lsp.server.paths import same_file_key
from pmat_lsp.session import Dump, PlacedSite
from pmat_lsp.source.marks import MarkedFinding
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
    """The subs of the dump by file, and what else is asked of the dump again and again; used by one thread."""

    def __init__(self, dump: Dump) -> None:
        self._dump = dump
        self._placed: dict[str, tuple[PerlSource, dict[int, list[PlacedSite]]]] = {}
        self._marked: tuple[int, PerlSource, tuple[MarkedFinding, ...]] | None = None
        self._retained: dict[int, int] = {}
        self._ways: dict[int, WayToRoot | None] = {}
        self._classes: dict[str, ClassFacts] = {}
        self._symbols: dict[str, int] = {}

    def text(self, path: Path) -> PerlSource | None:
        """The text of a file, None where it cannot be read."""
        try:
            return self._dump.places.source(path)
        except PmatError:
            return None

    def source(self, path: Path) -> PerlSource | None:
        """The text of a file that the heap has subs of, None for any other."""
        source = self.text(path)
        return source if source is not None and self._by_index(path, source) else None

    def forget_places(self) -> None:
        """Source files came or went: subs may be in others."""
        self._placed.clear()
        self._marked = None

    def marked(self, source: PerlSource) -> tuple[MarkedFinding, ...]:
        """The findings on the source lines, as long as `source` and all other texts are the same."""
        version = self._dump.places.sources.version
        if self._marked is None or self._marked[:2] != (version, source):
            self._marked = (version, source, self._dump.all_marked)
        return self._marked[2]

    def known(self, path: Path, source: PerlSource, sub: Sub) -> KnownSub | None:
        """What the heap says of `sub`, a sub of `source`. None: nothing.

        Where perl compiled a text more than once, that with the most leaked clones, then live ones.
        """
        sites = self._by_index(path, source).get(sub.index, [])
        found = [KnownSub(sub, self._dump.facts(placed.site), placed.place.note) for placed in sites]
        return max(found, key=lambda known: (known.facts.leaked, known.facts.live), default=None)

    def all_known(self, path: Path, source: PerlSource) -> Iterator[KnownSub]:
        """Every sub of a text that the heap knows, in the order of the text."""
        for sub in source.subs:
            known = self.known(path, source, sub)
            if known is not None:
                yield known

    def around(self, path: Path, source: PerlSource, point: Point) -> Iterator[KnownSub]:
        """The subs around `point` that the heap knows, the innermost first."""
        sub = source.sub_at(point)
        while sub is not None:
            known = self.known(path, source, sub)
            if known is not None:
                yield known
            sub = source.subs[sub.parent] if sub.parent is not None else None

    def headed_at(self, path: Path, source: PerlSource, point: Point) -> KnownSub | None:
        """The sub that the heap knows and that has `point` between its word `sub` and its brace."""
        sub = source.sub_at(point)
        if sub is None or not sub.keyword.start <= point <= sub.body.start:
            return None
        return self.known(path, source, sub)

    def capturers(self, path: Path, source: PerlSource, name: str, declaration: Range) -> Iterator[KnownSub]:
        """The subs that captured the lexical `name` that stands at `declaration`, as text and heap say alike."""
        for sub in source.subs:
            if name in sub.uses and source.declaration_outside(sub, name) == declaration:
                known = self.known(path, source, sub)
                lexical = known.facts.lexical(name) if known else None
                if known and lexical and lexical.captured:
                    yield known

    def program_lexical(self, path: Path, name: str) -> LexicalFacts | None:
        """A lexical of the program's own file, outside of its subs; None elsewhere."""
        if same_file_key(path) != self._script:
            return None
        return next((lexical for lexical in self._program_lexicals if lexical.name == name), None)

    def retained(self, known: KnownSub) -> int:
        """Bytes that the clones of a sub keep alive."""
        site = known.facts.site
        key = int(site.codes[0])
        if key not in self._retained:
            self._retained[key] = retained_by(self._dump.heap, self._dump.leaks, self._dump.retained(), site)
        return self._retained[key]

    def way_to(self, known: KnownSub) -> WayToRoot | None:
        """Why a clone of a sub is alive that is not lost; None where all are."""
        site = known.facts.site
        key = int(site.codes[0])
        if key not in self._ways:
            clones = clones_at(self._dump.heap, site)
            alive = clones[~self._dump.ownership.lost[clones]]
            self._ways[key] = self._roots.way_to(int(alive[0])) if len(alive) else None
        return self._ways[key]

    def is_recorded(self, file: str) -> bool:
        """Whether perl recorded the name of a file for a sub."""
        return file in self._files

    @cached_property
    def classes(self) -> Classes:
        """The classes of the heap."""
        return Classes(self._dump.heap)

    def class_facts(self, name: str) -> ClassFacts:
        """What the heap says of a class."""
        if name not in self._classes:
            self._classes[name] = self.classes.facts(name, self._dump.ownership, self._dump.retained())
        return self._classes[name]

    def symbol(self, name: str) -> int:
        """The SV that the symbol table has under a name with its sigil, -1 where there is none."""
        if name not in self._symbols:
            self._symbols[name] = find_symbol(self._dump.heap, name)
        return self._symbols[name]

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(recorded_files(self._dump.heap))

    @cached_property
    def _roots(self) -> Roots:
        return Roots(self._dump.heap)

    @cached_property
    def _script(self) -> str | None:
        """The program's own file."""
        _, _, script = file_facts(self._dump.heap)
        path = self._dump.places.locate(script).path if script else None
        return same_file_key(path) if path else None

    @cached_property
    def _program_lexicals(self) -> tuple[LexicalFacts, ...]:
        main = [root.sv for root in self._dump.heap.roots if root.name == "main_cv" and root.sv >= 0]
        return tuple(lexicals_of(self._dump.heap, self._dump.leaks, main[:1]))

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
