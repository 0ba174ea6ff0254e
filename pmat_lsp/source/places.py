"""Recorded places (a CODE, a captured lexical, a hash key) as ranges of source texts, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import Pattern

from pmat_lsp.analysis.result import Location
from pmat_lsp.errors import PmatError
from pmat_lsp.source.evidence import Evidence
from pmat_lsp.source.files import Located, SourceFiles
from pmat_lsp.source.model import Range
from pmat_lsp.source.perl import PerlSource, Sub
from pmat_lsp.source.sources import Sources

_CHANGED = "the source has changed since the dump"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a CODE is in the source, and how far that is known."""

    path: Path | None
    keyword: Range | None
    """The word `sub`; the whole recorded line where no sub is certain; None where there is no such line."""
    sub: Sub | None
    status: str
    """`exact`, `moved` (the text changed, the sub is certain), `stale` (no sub is certain), `missing` (no such file)
    or `none` (there is no source: a string eval, an XSUB)."""
    note: str
    """What a person should know about it; "" if nothing."""


class Places:
    """Finds places in the files of `files`; their texts are those of `sources`."""

    def __init__(
        self,
        files: SourceFiles,
        sources: Sources | None = None,
        recorded: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`recorded` gives the names of the program's own files in the dump; it is asked when first needed."""
        self._files = files
        self.sources = sources or Sources()
        self._recorded = recorded
        self._own: tuple[Path, ...] | None = None

    def source(self, path: Path) -> PerlSource:
        """As `Sources.source`."""
        return self.sources.source(path)

    def text(self, path: Path) -> str:
        """As `Sources.text`."""
        return self.sources.text(path)

    def forget_files(self) -> None:
        """Files came or went: what was located is looked for anew."""
        self._files.forget()
        self._own = None

    def own_sources(self, naming: Pattern[str]) -> Iterator[tuple[Path, PerlSource]]:
        """The program's own files in which `naming` is found, parsed; those that cannot be read are left out."""
        if self._own is None:
            paths = (self.locate(recorded).path for recorded in self._recorded())
            self._own = tuple(dict.fromkeys(path for path in paths if path is not None and self.is_own(path)))
        for path in self._own:
            try:
                if naming.search(self.sources.text(path)):
                    yield path, self.source(path)
            except PmatError:
                continue

    def is_own(self, path: Path) -> bool:
        """Whether a file is the program's own: it lies in a source root, or where the user maps a path to."""
        return any(path.is_relative_to(root) for root in self._files.own_folders)

    def may_edit(self, path: Path) -> bool:
        """As `SourceFiles.may_edit`."""
        return self._files.may_edit(path)

    def locate(self, recorded: str) -> Located:
        """The file that the recorded name stands for."""
        return self._files.locate(recorded)

    def module(self, package: str) -> Path | None:
        """The file of the module of that name, as far as the dump says what was loaded."""
        recorded = self._files.module(package)
        return self.locate(recorded).path if recorded is not None else None

    def why_missing(self, recorded: str) -> str | None:
        """Why there is no file for a recorded name, with the candidates; None: there is one."""
        located = self.locate(recorded)
        return _why_missing(located) if located.path is None else None

    def place_code(
        self, location: Location, name: str | None, captures: Sequence[str], padnames: Sequence[str]
    ) -> Place:
        """Where the CODE is that perl recorded at `location`, the line of its first statement.

        `name` is None for an anonymous sub; `captures` and `padnames` are empty in old dumps. Never raises for a
        file that is not there.
        """
        if location.line <= 0:
            return Place(None, None, None, "none", "code that has no line: an XSUB, a constant or an empty sub")
        located = self._files.locate(location.file)
        if located.path is None:
            no_source = not located.candidates and located.how.startswith("code ")
            return Place(None, None, None, "none" if no_source else "missing", _why_missing(located))
        try:
            source = self.source(located.path)
        except PmatError as error:
            return Place(None, None, None, "missing", error.message)
        return _place(source, located.path, location, Evidence.of(source, name, captures, padnames))

    def place_captured(self, place: Place, name: str) -> tuple[Range | None, Range | None]:
        """The first use of the captured lexical `name` in the closure, and its declaration outside of it."""
        if place.path is None or place.sub is None:
            return None, None
        try:
            source = self.source(place.path)
        except PmatError:
            return None, None
        sub = _same_sub(source, place.sub)
        if sub is None:
            return None, None
        uses = source.uses_from_outside(sub, name)
        return (min(uses) if uses else None), source.declaration_outside(sub, name)

    def place_key(self, path: Path, key: str, near: Range) -> Range | None:
        """Where `path` stores the hash key `key`: the only place, or the one in or nearest to the sub at `near`.

        None if there is none, or if two are equally near.
        """
        try:
            stores = self.source(path).hash_key_stores(key)
        except PmatError:
            return None
        if len(stores) <= 1:
            return stores[0] if stores else None
        distances = [(_lines_between(store, near), store) for store in stores]
        nearest = min(distance for distance, _ in distances)
        found = [store for distance, store in distances if distance == nearest]
        return found[0] if len(found) == 1 else None


def _place(source: PerlSource, path: Path, location: Location, evidence: Evidence) -> Place:
    disk = source.disk_lines(None, location.line) + source.disk_lines(location.file, location.line)
    agreeing = [sub for sub in _subs_at(source, disk) if evidence.agrees(sub)]
    certain = [sub for sub in source.subs if evidence.is_certain(sub)]
    here = _decide(agreeing, disk, evidence) if agreeing else _around(source, disk, certain)
    if here is not None and (not certain or here in certain or here.name is not None):
        return Place(path, here.keyword, here, "exact", "")
    whole = source.whole_line(disk[0]) if len(disk) == 1 else None
    if not source.is_parsed:
        return Place(path, whole, None, "stale", "the text takes too long to parse: a very long line may be the reason")
    if here is None and len(agreeing) > 1:
        note = f"{len(agreeing)} subs on line {location.line} match equally; which one it is, is not known"
        return Place(path, whole, None, "stale", note)
    if len(certain) == 1:
        note = f"{_CHANGED}: recorded at line {location.line}"
        return Place(path, certain[0].keyword, certain[0], "moved", note)
    return Place(path, whole, None, "stale", _CHANGED)


def _decide(agreeing: list[Sub], disk: tuple[int, ...], evidence: Evidence) -> Sub | None:
    """Which of the subs at a line is meant: by name, by all its variables, by the very line; None if that is open."""
    left = agreeing
    for keep in (evidence.is_named_alike, evidence.is_complete, lambda sub: sub.first_statement_line in disk):
        left = [sub for sub in left if keep(sub)] or left
    if len(left) != 1:
        return None
    known = left[0].first_statement_line in disk or evidence.is_certain(left[0])
    return left[0] if known else None


def _around(source: PerlSource, disk: tuple[int, ...], certain: list[Sub]) -> Sub | None:
    """The one of the `certain` subs that holds the line itself: perl leaves out a first statement that does nothing."""
    holding = [sub for sub in source.subs if any(_holds(sub, line) for line in disk)]
    return holding[-1] if holding and holding[-1] in certain else None


def _holds(sub: Sub, line: int) -> bool:
    return sub.body.start.line <= line <= sub.body.end.line


def _subs_at(source: PerlSource, disk: tuple[int, ...]) -> list[Sub]:
    """The subs for which some perl may record one of the lines `disk`."""
    return [sub for sub in source.subs if any(_may_record(sub, line) for line in disk)]


def _may_record(sub: Sub, line: int) -> bool:
    return sub.first_lines is not None and sub.first_lines[0] <= line <= sub.first_lines[1]


def _same_sub(source: PerlSource, sub: Sub) -> Sub | None:
    """`sub` in the present text, None if it is not there any more."""
    return next((other for other in source.subs if other.keyword == sub.keyword and other.name == sub.name), None)


def _lines_between(store: Range, near: Range) -> int:
    if near.start <= store.start and store.end <= near.end:
        return 0
    if store.start < near.start:
        return max(near.start.line - store.end.line, 1)
    return max(store.start.line - near.end.line, 1)


def _why_missing(located: Located) -> str:
    if not located.candidates:
        return located.how
    return located.how + ": " + ", ".join(str(path) for path in located.candidates)
