"""The dumps that are open, the results computed once, the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pmat_lsp.errors import PmatError
from pmat_lsp.heap.model import Heap, Shown
from pmat_lsp.heap.opening import open_heap
from pmat_lsp.heap.progress import Cancelled, Progress, never, no_progress

# What a method needs is imported in it: together the analyses take longer to import than most questions to answer.
if TYPE_CHECKING:
    from pmat_lsp.analysis.closures import CodeFacts, CodeSite
    from pmat_lsp.analysis.leads import Leads
    from pmat_lsp.analysis.leaks import Leaks
    from pmat_lsp.analysis.ownership import Ownership
    from pmat_lsp.analysis.result import Finding, Location
    from pmat_lsp.analysis.retained import Retained
    from pmat_lsp.analysis.unexplained import Suspect, Unexplained, Unseen
    from pmat_lsp.cures.cuts import Cuts
    from pmat_lsp.cures.find import Fixes
    from pmat_lsp.cures.model import Cure
    from pmat_lsp.cures.verified import Verification
    from pmat_lsp.cures.verify import Task
    from pmat_lsp.source.marks import MarkedFinding
    from pmat_lsp.source.places import Place, Places
    from pmat_lsp.source.sources import Sources

__all__ = ["Cancelled", "Dump", "PlacedSite", "Settings", "Shown", "open_dump"]


@dataclass(frozen=True)
class Settings:
    """What a user can set; the names are those of the editors' settings, `pmat.*`."""

    dump: str | None = None
    """Path of the dump to load; None: the newest `*.pmat` of the workspace."""
    source_roots: tuple[Path, ...] = ()
    """Folders in which recorded file names are looked for: `--source-root`, the workspace's folders."""
    path_map: tuple[tuple[str, str], ...] = ()
    """(prefix where the program ran, prefix here)."""
    memory_limit: int | None = None
    """Bytes that reading a dump may take; None: half of the machine's memory. Control groups hold besides."""
    editable: tuple[Path, ...] = ()
    """Files that a fix may change though they lie in none of these folders: `--allow-outside`."""
    shown: Shown = Shown.NO_SECRETS
    """What of the values and keys in the dump is shown: `--redact`, `--show-secrets`."""


@dataclass(frozen=True)
class PlacedSite:
    """A sub of the heap in a source file."""

    site: CodeSite
    place: Place


@dataclass
class Dump:
    """An open dump. What is expensive is computed when it is first asked for, and kept."""

    heap: Heap
    settings: Settings
    sources: Sources | None = field(default=None, repr=False)
    """The texts of the source files; None: of its own."""
    _retained: Retained | None = field(default=None, repr=False)
    _facts: dict[int, CodeFacts] = field(default_factory=dict, repr=False)
    _recorded: dict[int, tuple[Location, str | None, tuple[str, ...], tuple[str, ...]]] = field(
        default_factory=dict, repr=False
    )
    """By CODE: what `Places.place_code` takes."""
    _cuts: dict[int, Cuts] = field(default_factory=dict, repr=False)
    """By the first SV of a finding."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.heap.path

    def prove(self, progress: Progress = no_progress) -> None:
        """Find what leaked now, not when it is first asked for."""
        progress("proving", 0, 1)
        _ = self.leaks

    @cached_property
    def ownership(self) -> Ownership:
        """What no root reaches, and what of that is proven to be lost."""
        from pmat_lsp.analysis.needs import OWNERSHIP, require
        from pmat_lsp.analysis.ownership import find_ownership

        require(self.heap, OWNERSHIP)
        return find_ownership(self.heap)

    @cached_property
    def leaks(self) -> Leaks:
        """What leaked."""
        from pmat_lsp.analysis.leaks import find_leaks
        from pmat_lsp.analysis.needs import LEAKS, require

        require(self.heap, LEAKS, int(self.ownership.lost.sum()))
        return find_leaks(self.heap, self.ownership)

    @cached_property
    def unexplained(self) -> Unexplained:
        """What no root reaches, yet something that the dump does not show may hold."""
        from pmat_lsp.analysis.unexplained import find_unexplained

        return find_unexplained(self.heap, self.ownership, self._leads)

    @cached_property
    def suspects(self) -> tuple[Suspect, ...]:
        """The same of the program's own classes alone, which takes less time."""
        from pmat_lsp.analysis.unexplained import find_suspects

        return find_suspects(self.heap, self.ownership, self._leads)

    def unseen(self, sv: int) -> Unseen | None:
        """As `analysis.unexplained.unseen_holder`."""
        from pmat_lsp.analysis.unexplained import unseen_holder

        return unseen_holder(self.heap, self.ownership, self._leads, sv)

    @cached_property
    def _leads(self) -> Leads:
        from pmat_lsp.analysis.leads import Leads
        from pmat_lsp.analysis.program_classes import ProgramClasses

        return Leads(self.heap, self.ownership, ProgramClasses(self.heap, self._is_own))

    def _is_own(self, file: str) -> bool:
        path = self.places.locate(file).path
        return path is not None and self.places.is_own(path)

    def retained(self, progress: Progress = no_progress) -> Retained:
        """What each SV keeps alive; computed once."""
        from pmat_lsp.analysis.needs import RETAINED, require
        from pmat_lsp.analysis.retained import retained_sizes

        if self._retained is None:
            require(self.heap, RETAINED)
            self._retained = retained_sizes(self.heap, self.ownership, progress)
        return self._retained

    @cached_property
    def places(self) -> Places:
        """Where the dump's file names are on this disk."""
        from pmat_lsp.heap.values import file_facts
        from pmat_lsp.source.files import SourceFiles
        from pmat_lsp.source.local_perl import library_folders
        from pmat_lsp.source.places import Places

        # Without the dump itself, so that it is freed as soon as nobody needs it.
        heap = self.heap
        inc, dirs, script = file_facts(heap)
        roots, path_map = self.settings.source_roots, self.settings.path_map
        files = SourceFiles(roots, path_map, inc, dirs, script, library_folders, self.settings.editable)

        def own_files() -> list[str]:
            from pmat_lsp.analysis.closures import recorded_files
            from pmat_lsp.analysis.written import Written

            # A module or a script without a sub of its own stores things, too.
            named = [*recorded_files(heap), *inc.values(), *filter(None, [script])]
            written, inside = Written(heap), tuple(f"{root.absolute()}/" for root in roots)
            return [name for name in dict.fromkeys(named) if written.is_own(name) or name.startswith(inside)]

        return Places(files, self.sources, own_files)

    def placed(self, settings: Settings, sources: Sources) -> Dump:
        """The same dump with other settings and texts; what was computed of the heap is kept."""
        other = copy(self.showing(settings.shown))
        other.settings, other.sources = settings, sources
        for of_settings in ("places", "unexplained", "suspects", "_leads"):
            other.__dict__.pop(of_settings, None)
        return other

    def showing(self, shown: Shown) -> Dump:
        """The same dump with more or less of its values shown; what was computed without them is kept."""
        if shown is self.heap.shown:
            return self
        other = Dump(replace(self.heap, shown=shown), replace(self.settings, shown=shown), self.sources)
        other._retained, other._recorded = self._retained, self._recorded
        for without_values in ("ownership", "places", "_sites"):
            if without_values in self.__dict__:
                other.__dict__[without_values] = self.__dict__[without_values]
        return other

    @property
    def marked(self) -> tuple[MarkedFinding, ...]:
        """What leaked on the source lines, in the order of the report; found anew, since texts change."""
        return self._mark(self.leaks.report.findings)

    @property
    def marked_self_held(self) -> tuple[MarkedFinding, ...]:
        """The same of what only holds itself."""
        return self._mark(self.leaks.report.self_held)

    @property
    def all_marked(self) -> tuple[MarkedFinding, ...]:
        """The same of `LeakReport.all_findings`."""
        return self._mark(self.leaks.report.all_findings)

    def _mark(self, findings: tuple[Finding, ...]) -> tuple[MarkedFinding, ...]:
        from pmat_lsp.source.marks import mark_finding

        return tuple(mark_finding(self.places, finding) for finding in findings)

    @cached_property
    def _sites(self) -> dict[str, tuple[CodeSite, ...]]:
        from pmat_lsp.analysis.closures import code_sites

        return code_sites(self.heap)

    def find_sv(self, text: str) -> int:
        """As `analysis.lookup.find_sv`; a file and line also name the innermost sub whose text here has that line.

        Raises:
            PmatError: there is no such SV.
        """
        from pmat_lsp.analysis.lookup import find_sv, first_clone, place_in

        try:
            return find_sv(self.heap, text)
        except PmatError:
            found = place_in(text)
            around = self._sub_around(*found) if found else None
            if around is None:
                raise
            return first_clone(self.heap, around)

    def _sub_around(self, file: str, line: int) -> CodeSite | None:
        """The innermost sub whose text has a line, None where there is none, or several recorded at the line."""
        from pmat_lsp.analysis.lookup import sites_in

        innermost: tuple[int, CodeSite] | None = None
        for site in sites_in(self.heap, file):
            if site.location.line == line:
                return None
            sub = self.place_of(int(site.codes[-1])).sub
            if sub and sub.keyword.start.line <= line <= sub.body.end.line:
                innermost = max(innermost or (0, site), (sub.keyword.start.line, site), key=lambda pair: pair[0])
        return innermost and innermost[1]

    def sites_in(self, path: Path) -> list[PlacedSite]:
        """The subs of the heap that come from the file at `path`, each at its place."""
        found = []
        for recorded, sites in self._sites.items():
            # Looking a name up on the disk costs more than comparing its last part, except where #line set it.
            if Path(recorded).name == path.name and self.places.locate(recorded).path == path:
                found += [PlacedSite(site, self.place_of(int(site.codes[-1]))) for site in sites]
        return found

    def place_of(self, code: int) -> Place:
        """Where a CODE is in the source, as the text is now."""
        from pmat_lsp.analysis.leaks import captured_names
        from pmat_lsp.analysis.result import Location
        from pmat_lsp.heap.describe import code_name, code_place
        from pmat_lsp.heap.pads import padnames_of

        heap = self.heap
        if code not in self._recorded:
            location = Location(*code_place(heap, code))
            names = captured_names(heap, code), padnames_of(heap, code)
            self._recorded[code] = (location, code_name(heap, code), *names)
        return self.places.place_code(*self._recorded[code])

    def line_here(self, file: str, line: int) -> tuple[Path, int] | None:
        """The file on this disk and the line in it that a recorded file and line stand for; None: there is no file.

        The line of a sub that does not begin there any more is that of its word `sub`.
        """
        path = self.places.locate(file).path
        if path is None:
            return None
        site = next((site for site in self._sites.get(file, ()) if site.location.line == line), None)
        place = self.place_of(int(site.codes[-1])) if site else None
        if place is None or place.keyword is None or (place.sub and place.sub.first_statement_line == line):
            return path, line
        return path, place.keyword.start.line

    def facts(self, site: CodeSite) -> CodeFacts:
        """What the heap says of a sub; computed once."""
        from pmat_lsp.analysis.closures import code_facts

        key = int(site.codes[0])
        if key not in self._facts:
            self._facts[key] = code_facts(self.heap, self.leaks, site)
        return self._facts[key]

    def site_of(self, code: int) -> CodeSite | None:
        """The sub that a CODE was compiled from; None where it has no line."""
        from pmat_lsp.heap.describe import code_place

        sites = self._sites.get(code_place(self.heap, code)[0], ())
        return next((site for site in sites if code in site.codes), None)

    def cuts(self, finding: Finding) -> Cuts:
        """What can be cut of the cycles of a finding; computed once."""
        from pmat_lsp.cures.cuts import Cuts

        key = finding.islands[0]
        if key not in self._cuts:
            self._cuts[key] = Cuts(self.heap, self.leaks, finding)
        return self._cuts[key]

    def cures(self, marked: MarkedFinding) -> tuple[Cure, ...]:
        """The fixes of a finding in the texts as they are now, the safe ones first."""
        return self.fixes(marked).cures

    def why_no_cure(self, marked: MarkedFinding) -> str | None:
        """Why a finding has no fix, a clause; None where it has one."""
        return self.fixes(marked).why_none

    def fixes(self, marked: MarkedFinding) -> Fixes:
        """Both at once: they are found together."""
        from pmat_lsp.cures.find import find_fixes

        return find_fixes(self.cuts(marked.finding), self.places, marked)

    def verify(
        self,
        candidates: Sequence[tuple[MarkedFinding, Sequence[Cure]]],
        task: Task,
        progress: Progress = no_progress,
        cancelled: Callable[[], bool] = never,
    ) -> Verification:
        """Try fixes of findings by running the program: as `cures.verify.verify_cures`, which tells the arguments.

        Raises:
            PmatError: the command cannot be run, its folder cannot be copied, or a dump that it wrote cannot be read.
            Cancelled: `cancelled` said so.
        """
        from pmat_lsp.cures.verify import verify_cures

        return verify_cures(self.places, candidates, task, progress, cancelled)


def open_dump(
    path: Path,
    settings: Settings,
    progress: Progress = no_progress,
    cancelled: Callable[[], bool] = never,
    *,
    in_background: bool = False,
) -> Dump:
    """Load a dump.

    Args:
        path: the file, compressed or not.
        settings: the user's.
        progress: told how far the reading is.
        cancelled: asked again and again whether to give up.
        in_background: a dump is read at low priority, beside somebody who types; default: somebody waits for it.

    Raises:
        DumpError: it cannot be read.
        Cancelled: `cancelled` said so.
    """
    heap = open_heap(
        path,
        progress=progress,
        cancelled=cancelled,
        memory_limit=settings.memory_limit,
        in_background=in_background,
    )
    return Dump(replace(heap, shown=settings.shown), settings)
