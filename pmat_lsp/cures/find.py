"""The fixes of a finding: changes of the text that take its cycles apart, and what is known of their safety.

A closure that captures a weakened copy must not lose the object while it is needed. In a leak nothing outside of the
cycle holds the object any more; so a fix changes the program only where something uses the object after that: by the
closure, which something else holds (`source/flow.py`, `source/kept.py`), by a weak reference, in a way that the text
does not show (`source/reach.py`, `source/hazards.py`), or in a DESTROY that runs earlier. Where all uses in the text
are understood and none of them is such, a fix is safe. Otherwise it needs review, with the first reason that was met.
Wherever a closure or an object that lives is the only holder, no weakening is offered at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

from pmat_lsp.analysis.closures import recorded_files
from pmat_lsp.analysis.leaks import clones_of, files_of_classes
from pmat_lsp.analysis.result import SUBSCRIPTS, Closure
from pmat_lsp.cures.cuts import CapturedCut, Cuts, StoredCut
from pmat_lsp.cures.model import Cure, FileEdits, Safety
from pmat_lsp.cures.packages import HeapPackages
from pmat_lsp.cures.reasons import Obstacle, ObstacleKind, no_fix_reason, review_reason, stored_reason
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind, kind_of
from pmat_lsp.heap.describe import code_place
from pmat_lsp.heap.symbols import find_symbol
from pmat_lsp.heap.values import file_facts
from pmat_lsp.source.captured import CapturedVariable, captured_variable
from pmat_lsp.source.cells import Token
from pmat_lsp.source.closing import last_call
from pmat_lsp.source.edits import Edit
from pmat_lsp.source.escapes import Escape, Escaped, EscapeKind
from pmat_lsp.source.flow import Holder, check_readers, check_value_is_dropped, holder_of
from pmat_lsp.source.hazards import check_classes, check_texts, check_weakened, is_quiet
from pmat_lsp.source.lexicals import Declaration
from pmat_lsp.source.marks import MarkedFinding
from pmat_lsp.source.model import Range
from pmat_lsp.source.perl import PerlSource, Sub
from pmat_lsp.source.places import Place, Places
from pmat_lsp.source.reach import Objects, Reach
from pmat_lsp.source.store_places import Certainty, FoundStores
from pmat_lsp.source.stored import store_of
from pmat_lsp.source.texts import Texts

MOST_CUTS = 6
"""So many captures of a finding are looked at, and all combinations of up to three of them."""
_CURRENT_SUB_SINCE = (5, 16, 0)
_DEFINED_OR_SINCE = (5, 10, 0)
_EMPTY = {Kind.ARRAY: "[]", Kind.HASH: "{}"}
_NOT_PERL = (".h", ".c", ".y", ".xs", ".so", ".al")
"""What perl records of code that is not written in Perl."""


@dataclass(frozen=True)
class _Step:
    """What is done about one reference of a cycle."""

    title: str
    reason: str
    path: Path
    edits: tuple[Edit, ...]
    is_safe: bool
    escape: Escape | None = None


@dataclass(frozen=True)
class Fixes:
    """What was found for a finding."""

    cures: tuple[Cure, ...]
    """The safe ones first."""
    obstacles: tuple[Obstacle, ...]
    """Where there is none: why."""

    @property
    def why_none(self) -> str | None:
        """Why there is no fix, a clause; None where there is one."""
        return None if self.cures else no_fix_reason(self.obstacles)


def find_fixes(cuts: Cuts, places: Places, marked: MarkedFinding) -> Fixes:
    """The fixes of a finding. `cuts` are those of the same finding.

    Each dissolves every island of the finding: the heap without the references that it takes away has no cycle there.
    """
    finder = _Finder(cuts, places, marked)
    found = [*finder.captured()] or [*finder.stored()]
    if not any(cure.is_safe for cure in found):
        found += finder.released()
    # A dump may name any file, so what it names is no reason to write there.
    outside = {cure: path for cure in found if (path := _outside(cure, places)) is not None}
    found = [cure for cure in found if cure not in outside]
    blocked = [Obstacle(ObstacleKind.OUTSIDE, path) for path in outside.values()]
    obstacles = () if found else tuple(dict.fromkeys(blocked or finder.obstacles))
    return Fixes(tuple(sorted(found, key=lambda cure: not cure.is_safe)), obstacles)


def _outside(cure: Cure, places: Places) -> Path | None:
    """A file of the fix that must not be changed, None where there is none."""
    return next((file.path for file in cure.files if not places.may_edit(file.path)), None)


class _Finder:
    def __init__(self, cuts: Cuts, places: Places, marked: MarkedFinding) -> None:
        self.obstacles: list[Obstacle] = []
        self._heap = cuts.heap
        self._cuts = cuts
        self._places = places
        self._marked = marked
        self._finding = marked.finding

    def captured(self) -> Iterator[Cure]:
        """Changes of what closures capture: the fewest that do."""
        cuts = self._cuts.captured
        steps = [(cut, self._step(cut)) for cut in cuts] if len(cuts) <= MOST_CUTS else []
        possible = [(cut, step) for cut, step in steps if step is not None]
        for size in (1, 2, 3):
            chosen = [
                [step for _, step in some]
                for some in combinations(possible, size)
                if self._cuts.dissolves(*(cut for cut, _ in some))
            ]
            if chosen:
                yield from map(_cure, chosen)
                return

    def stored(self) -> Iterator[Cure]:
        """The reference that leads back is weakened where it is stored; no other is, which may be the only owner."""
        cut = self._marked.cut
        if cut is None:
            self._blocked(ObstacleKind.NO_DIRECTION, "")
            return
        for edge, found in self._marked.stored:
            along = range(edge.start, edge.start + len(edge.hops))
            is_cut = any(at % len(self._finding.cycle) == cut.hop for at in along)
            if is_cut and edge.hops[0].kind in SUBSCRIPTS and edge.hops[-1].target_kind != Kind.CODE:
                stored = self._cuts.stored_at(edge.start)
                if stored is None:
                    self._blocked(ObstacleKind.NO_STORE, edge.label.removeprefix("->"))
                    continue
                step = self._weaken_stored(stored, found)
                if step is not None:
                    yield _cure([step])

    def _weaken_stored(self, cut: StoredCut, found: FoundStores) -> _Step | None:
        """Weaken a stored reference: always to be reviewed, since the text does not show who else holds the object."""
        if not self._cuts.dissolves(cut):
            return None
        place = next(iter(found.stores), None)
        if place is None or not self._places.is_own(place.path):
            return self._blocked(ObstacleKind.NO_STORE, cut.subscripts)
        store = store_of(place.store)
        if cut.live is None:
            return self._blocked(ObstacleKind.ONLY_OWNER, cut.subscripts, place.path, place.range)
        if store is None:
            return self._blocked(ObstacleKind.STORED_NEW, cut.subscripts, place.path, place.range)
        edits = store.weaken()
        if edits is None:
            return self._blocked(ObstacleKind.NOT_WRITABLE, store.target, place.path, place.range)
        others = 0 if found.certainty is Certainty.CERTAIN else len(found.stores) - 1
        reason = stored_reason(cut.package, cut.subscripts, cut.live, cut.to_itself, others, store.is_value_of_sub)
        return _Step(f"Weaken {store.target}", reason, place.path, tuple(edits), False)

    def _blocked(
        self, kind: ObstacleKind, name: str, path: Path | None = None, at: Range | None = None
    ) -> _Step | None:
        """No step: remembers why."""
        self.obstacles.append(Obstacle(kind, path, at, (name,)))
        return None

    def released(self) -> Iterator[Cure]:
        """A callback that is taken out of its object as it is called for the last time."""
        for cut in self._cuts.stored:
            if cut.held != Kind.CODE or not cut.key or not cut.package or not self._cuts.dissolves(cut):
                continue
            sources = {id(source): source for source in self._sources_naming(cut.key)}
            found = last_call(sources.values(), cut.package, cut.key)
            path = found.source.path if found is not None else None
            if found is not None and path is not None and self._places.is_own(path):
                title = f"Delete {found.callback} when it is called"
                why = (
                    f"See that {found.method} is called once for every {cut.package}, and that nothing needs it again."
                )
                yield _cure([_Step(title, why, path, (found.edit,), False)])

    def _step(self, cut: CapturedCut) -> _Step | None:
        closure, place = self._finding.closures[cut.closure], self._marked.closures[cut.closure]
        source = self._source_of(place)
        if source is None or place.path is None or place.sub is None:
            kind = ObstacleKind.NO_SOURCE if place.path is None else ObstacleKind.NOT_CERTAIN
            return self._blocked(kind, closure.location.file, place.path, place.keyword)
        variable = captured_variable(source, place.sub, cut.name)
        if variable is None or closure.name:
            return self._blocked(ObstacleKind.NOT_PLAIN, cut.name, place.path, place.keyword)
        if self._heap.kind[cut.target] == Kind.CODE:
            return self._of_code(closure, place.path, variable, cut)
        return self._weak_copy(place.path, place.sub, variable, cut)

    def _source_of(self, place: Place) -> PerlSource | None:
        """The text of a closure, where it is certain which sub of it that is."""
        if place.path is None or place.sub is None or place.status not in ("exact", "moved"):
            return None
        source = self._source(place.path)
        return source if source is not None and place.sub in source.subs else None

    def _of_code(self, closure: Closure, path: Path, variable: CapturedVariable, cut: CapturedCut) -> _Step | None:
        """The variable has a sub. `__SUB__` is always the same: perl holds a sub that runs, and who calls it does."""
        if self._heap.layout.perl_version < _CURRENT_SUB_SINCE:
            return self._blocked(ObstacleKind.OLD_PERL, variable.name)
        edits = variable.current_sub() if cut.target in clones_of(self._heap, closure.sv) else None
        if edits is not None:
            title = f"Call the running sub as __SUB__ instead of {variable.name}"
            why = f"Inside the sub, __SUB__ is the sub itself: it no longer captures {variable.name}, which holds it."
            escape = self._why_needed(lambda _: False)
            return _Step(title, review_reason(escape) if escape else why, path, tuple(edits), escape is None, escape)
        if self._cuts.live_holders(cut) is None:
            return self._blocked(ObstacleKind.ONLY_OWNER, variable.name, path, variable.declared)
        edits = variable.weak_copy("return") if variable.holds_own_sub else None
        if edits is None:
            return self._blocked(ObstacleKind.NOT_THIS_SUB, variable.name, path, variable.declared)
        escape = Escape(EscapeKind.SUB_OF_VARIABLE, path, variable.declared, (variable.name,))
        title = f"Capture a weakened copy of {variable.name}"
        return _Step(title, review_reason(escape), path, tuple(edits), False, escape)

    def _weak_copy(self, path: Path, sub: Sub, variable: CapturedVariable, cut: CapturedCut) -> _Step | None:
        if self._heap.layout.perl_version < _DEFINED_OR_SINCE:
            return self._blocked(ObstacleKind.OLD_PERL, variable.name)
        if self._cuts.live_holders(cut) is None:
            return self._blocked(ObstacleKind.ONLY_OWNER, variable.name, path, variable.declared)
        kind = kind_of(int(self._heap.kind[cut.target]))
        takes_out = self._heap.blessed[cut.target] < 0 and kind in _EMPTY and variable.only_removes()
        edits = variable.weak_copy(_EMPTY[kind] if takes_out else "return")
        if edits is None:
            return self._blocked(ObstacleKind.NOT_WRITABLE, variable.name, path, variable.declared)
        escape, why = self._judge(sub, variable, cut, takes_out)
        title = f"Capture a weakened copy of {variable.name}"
        return _Step(title, review_reason(escape) if escape else why, path, tuple(edits), escape is None, escape)

    def _judge(
        self, sub: Sub, variable: CapturedVariable, cut: CapturedCut, takes_out: bool
    ) -> tuple[Escape | None, str]:
        """(the first reason against a weak copy, None where it is safe; why it is safe)."""
        try:
            holder = holder_of(self._texts, variable.source, sub, variable.declared)
            why = _why_safe(holder, variable, takes_out)
            check_readers(self._texts, sorted(holder.keys), ())
            if takes_out:
                check_value_is_dropped(self._texts, variable.source, sub)
            check_texts(self._texts)
            if self._missing_text is not None:
                raise Escaped(self._missing_text)
            reach = self._reach(holder, variable, cut, takes_out)
            reach.check()
            check_readers(self._texts, sorted(holder.keys), reach.computed.values())
            reach.check_created()
            if not variable.is_used_later():
                place = variable.source.path, variable.declared
                raise Escaped(Escape(EscapeKind.DROPPED, *place, (variable.name,)))
        except Escaped as escaped:
            return escaped.escape, ""
        return self._why_needed(reach.is_followed), why

    def _reach(self, holder: Holder, variable: CapturedVariable, cut: CapturedCut, takes_out: bool) -> Reach:
        """Where the objects that have the closure go."""
        classes = self._classes if holder.keys else frozenset[str]()
        check_classes(self._texts, classes)
        reach = Reach(self._texts, Objects(classes, holder.keys))
        reach.start()
        reach.start_at(variable.source, variable.declaration, Token.HOLDS if takes_out else Token.OBJECT)
        return reach

    def _why_needed(self, may_be_object: Callable[[Declaration], bool]) -> Escape | None:
        """What may need the object, or show that it is freed, although nothing holds it."""
        try:
            check_weakened(self._texts, self._cuts.freed_classes, may_be_object)
        except Escaped as escaped:
            return escaped.escape
        if self._cuts.is_weakly_held:
            return Escape(EscapeKind.WEAKLY_HELD)
        return self._loud_destroy

    @cached_property
    def _loud_destroy(self) -> Escape | None:
        """A DESTROY of what would be freed that does more than to clear its object."""
        ancestors = (one for name in sorted(self._cuts.freed_classes) for one in self._packages.ancestors(name))
        for name in dict.fromkeys(ancestors):
            destroy = find_symbol(self._heap, f"&{name}::DESTROY")
            if destroy < 0 or self._heap.kind[destroy] != Kind.CODE:
                continue
            path = self._places.locate(code_place(self._heap, destroy)[0]).path
            source = self._source(path) if path is not None else None
            subs = source.lexicals.subs if source is not None else ()
            sub = next((sub for sub in subs if sub.name == f"{name}::DESTROY"), None)
            if source is None or sub is None:
                return Escape(EscapeKind.DESTROYED, names=(f"{name}::DESTROY",))
            if not is_quiet(source, sub):
                return Escape(EscapeKind.DESTROYED, source.path, source.range(sub.keyword), (f"{name}::DESTROY",))
        return None

    @cached_property
    def _packages(self) -> HeapPackages:
        return HeapPackages(self._heap)

    @cached_property
    def _classes(self) -> frozenset[str]:
        """The classes of the objects on the cycles, and what they inherit from."""
        return frozenset(one for name in self._finding.classes for one in self._packages.ancestors(name))

    @cached_property
    def _texts(self) -> Texts:
        """The program's own texts, and those of the classes and closures of the finding."""
        files = [*files_of_classes(self._heap, tuple(sorted(self._classes))), *self._own_files]
        paths = [place.path for place in self._marked.closures]
        paths += [self._places.locate(file).path for file in files]
        found = (self._source(path) for path in sorted({path for path in paths if path is not None}))
        return Texts([source for source in found if source is not None], self._packages)

    @cached_property
    def _own_files(self) -> list[str]:
        """The files of the program, as recorded: all but those in folders of perl's libraries."""
        inc, dirs, script = file_facts(self._heap)
        libraries = tuple(f"{folder.rstrip('/')}/" for folder in dirs if folder.startswith("/"))
        recorded = dict.fromkeys([*([script] if script else []), *recorded_files(self._heap), *inc.values()])
        return [file for file in recorded if not file.startswith(("(", *libraries)) or self._is_own(file)]

    def _is_own(self, recorded: str) -> bool:
        path = self._places.locate(recorded).path
        return path is not None and self._places.is_own(path)

    @cached_property
    def _missing_text(self) -> Escape | None:
        for file in self._own_files:
            if file not in ("-e", "-") and not file.endswith(_NOT_PERL) and self._places.locate(file).path is None:
                return Escape(EscapeKind.NO_TEXT, names=(file,))
        return None

    def _sources_naming(self, word: str) -> Iterator[PerlSource]:
        """The texts in which a word stands."""
        return (source for source in self._texts.sources if word in source.text)

    def _source(self, path: Path) -> PerlSource | None:
        try:
            return self._places.source(path)
        except PmatError:
            return None


def _why_safe(holder: Holder, variable: CapturedVariable, takes_out: bool) -> str:
    """Why the closure cannot be called once the object is gone.

    Raises:
        Escaped: it can, since it is kept in another object.
    """
    if takes_out:
        return f"The closure does nothing with {variable.name} but take things out of it."
    if not holder.keys:
        return f"The closure is called only where {variable.name} is held."
    if holder.variable == variable.declared:
        return f"The closure lives in {variable.name} alone: who can call it holds {variable.name}."
    if holder.variable is None and variable.made_by in holder.given_to:
        return f"The closure lives in the object of {variable.name} alone: who can call it holds that."
    place = variable.source.path, variable.source.range(variable.sub.keyword)
    raise Escaped(Escape(EscapeKind.OTHER_OBJECT, *place, (variable.name,)))


def _cure(steps: Sequence[_Step]) -> Cure:
    edits: dict[Path, dict[Edit, None]] = {}
    for step in steps:
        edits.setdefault(step.path, {}).update(dict.fromkeys(step.edits))
    first, *others = dict.fromkeys(step.title for step in steps)
    return Cure(
        title="; ".join([first, *(title[0].lower() + title[1:] for title in others)]),
        reason=" ".join(dict.fromkeys(step.reason for step in steps)),
        files=tuple(FileEdits(path, tuple(sorted(some, key=lambda edit: edit.range))) for path, some in edits.items()),
        safety=Safety.SAFE if all(step.is_safe for step in steps) else Safety.REVIEW,
        escapes=tuple(dict.fromkeys(step.escape for step in steps if step.escape is not None)),
    )
