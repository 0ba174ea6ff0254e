"""The cures of a finding.

A closure that captures a weakened copy must not lose the object while it is needed. That holds where the closure
itself lives in that object alone, as the text shows (`source/flow.py`): who can still call the closure holds the
object, and while it runs it holds it, too. Where something that lives has a weak reference to the object, this is no
proof: the cycle may be meant to keep it alive. It also holds for a container where the closure does nothing but take
things out of it. In any other case some closures of the same `sub` must be alive in the heap, and what each of them
captured must be held by something else; then the cure is offered, but not as proven. Wherever a clone that lives is
the only holder, no weakening is offered at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

from pmat_lsp.analysis.closures import recorded_files
from pmat_lsp.analysis.leaks import clones_of
from pmat_lsp.analysis.result import Closure
from pmat_lsp.cures.cuts import CapturedCut, Cuts, StoredCut
from pmat_lsp.cures.model import Cure, FileEdits, Safety
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind
from pmat_lsp.source.captured import CapturedVariable, captured_variable
from pmat_lsp.source.closing import last_call
from pmat_lsp.source.edits import Edit
from pmat_lsp.source.flow import Program
from pmat_lsp.source.marks import MarkedFinding
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.places import Place, Places
from pmat_lsp.source.stored import Store, store_at
from pmat_lsp.units import format_count

MOST_CUTS = 6
"""So many captures of a finding are looked at, and all combinations of up to three of them."""
_CURRENT_SUB_SINCE = (5, 16, 0)
_DEFINED_OR_SINCE = (5, 10, 0)
_EMPTY = {Kind.ARRAY: "[]", Kind.HASH: "{}"}


@dataclass(frozen=True)
class _Step:
    """What is done about one reference of a cycle."""

    title: str
    reason: str
    path: Path
    edits: tuple[Edit, ...]
    is_safe: bool


def find_cures(cuts: Cuts, places: Places, marked: MarkedFinding) -> tuple[Cure, ...]:
    """The cures of a finding, the safe ones first; () where there is none. `cuts` are those of the same finding.

    Each dissolves every island of the finding: the heap without the references that it takes away has no cycle there.
    """
    finder = _Finder(cuts, places, marked)
    found = [*finder.captured()] or [*finder.stored()]
    if not any(cure.is_safe for cure in found):
        found += finder.released()
    return tuple(sorted(found, key=lambda cure: not cure.is_safe))


class _Finder:
    def __init__(self, cuts: Cuts, places: Places, marked: MarkedFinding) -> None:
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
        """A reference that is weakened where it is stored."""
        for cut in self._cuts.stored:
            store = self._only_store(cut.key)
            if store is None or not self._cuts.dissolves(cut):
                continue
            step = _weaken_stored(cut, *store, self._cuts.is_weakly_held)
            if step is not None:
                yield _cure([step])

    def released(self) -> Iterator[Cure]:
        """A callback that is taken out of its object as it is called for the last time."""
        for cut in self._cuts.stored:
            if cut.held != Kind.CODE or not self._cuts.dissolves(cut):
                continue
            sources = {id(source): source for source in self._sources_naming(cut.key)}
            found = last_call(sources.values(), cut.package, cut.key)
            path = next((path for path in self._own_texts if found and self._source(path) is found.source), None)
            if found is not None and path is not None:
                title = f"Delete {found.callback} when it is called"
                why = (
                    f"See that {found.method} is called once for every {cut.package}, and that nothing needs it again."
                )
                yield _cure([_Step(title, why, path, (found.edit,), False)])

    def _step(self, cut: CapturedCut) -> _Step | None:
        closure, place = self._finding.closures[cut.closure], self._marked.closures[cut.closure]
        variable = self._variable(place, cut.name)
        if variable is None or place.path is None:
            return None
        if self._heap.kind[cut.target] == Kind.CODE:
            return self._current_sub(closure, place.path, variable, cut)
        return None if closure.name else self._weak_copy(place, variable, cut)

    def _variable(self, place: Place, name: str) -> CapturedVariable | None:
        if place.path is None or place.sub is None or place.status not in ("exact", "moved"):
            return None
        source = self._source(place.path)
        if source is None or place.sub not in source.subs:
            return None
        return captured_variable(source, place.sub, name)

    def _current_sub(self, closure: Closure, path: Path, variable: CapturedVariable, cut: CapturedCut) -> _Step | None:
        """`__SUB__`: safe, since perl holds a sub that runs, and who calls it holds it, too."""
        if self._heap.layout.perl_version < _CURRENT_SUB_SINCE or cut.target not in clones_of(self._heap, closure.sv):
            return None
        edits = variable.current_sub()
        if edits is None:
            return None
        title = f"Call the running sub as __SUB__ instead of {variable.name}"
        why = f"Inside the sub, __SUB__ is the sub itself: it no longer captures {variable.name}, which holds it."
        return _Step(title, why, path, tuple(edits), True)

    def _weak_copy(self, place: Place, variable: CapturedVariable, cut: CapturedCut) -> _Step | None:
        live = self._cuts.live_holders(cut)
        if live is None or place.path is None or self._heap.layout.perl_version < _DEFINED_OR_SINCE:
            return None
        otherwise, why = self._safety(place, variable, cut)
        if self._cuts.is_weakly_held:
            why = ""
        if not why and not live:
            return None
        edits = variable.weak_copy(otherwise)
        if edits is None:
            return None
        title = f"Capture a weakened copy of {variable.name}"
        return _Step(title, why or _live_only(live, variable.name), place.path, tuple(edits), bool(why))

    def _safety(self, place: Place, variable: CapturedVariable, cut: CapturedCut) -> tuple[str, str]:
        """(what the closure does where the object is gone, why a weak copy of it is safe; "" where that is open)."""
        assert place.sub is not None
        holder = self._program.holder(variable.source, place.sub)
        if holder is None:
            return "return", ""
        stays = all(passed.start > variable.declared.start for passed in holder.passed)
        if stays and holder.keys and holder.variable == variable.declared:
            return "return", f"The closure lives in {variable.name} alone: who can call it holds {variable.name}."
        if stays and holder.keys and holder.variable is None and variable.made_by in holder.given_to:
            return "return", f"The closure lives in the object of {variable.name} alone: who can call it holds that."
        if stays and not holder.keys:
            return "return", f"The closure is called only where {variable.name} is held."
        kind = Kind(int(self._heap.kind[cut.target]))
        if holder.keys and self._heap.blessed[cut.target] < 0 and kind in _EMPTY and variable.only_removes():
            return _EMPTY[kind], f"The closure does nothing with {variable.name} but take things out of it."
        return "return", ""

    @cached_property
    def _program(self) -> Program:
        paths = [place.path for place in self._marked.closures]
        paths += [self._places.locate(file).path for file in self._finding.class_files]
        found = (self._source(path) for path in dict.fromkeys(paths) if path is not None)
        sources = [source for source in found if source is not None]
        return Program(sources, self._finding.classes, self._sources_naming)

    def _sources_naming(self, word: str) -> Iterator[PerlSource]:
        """The texts of the program's own files in which a word stands."""
        for path, text in self._own_texts.items():
            source = self._source(path) if word in text else None
            if source is not None:
                yield source

    @cached_property
    def _own_texts(self) -> dict[Path, str]:
        paths = (self._places.locate(recorded).path for recorded in recorded_files(self._heap))
        found = {}
        for path in paths:
            if path is not None and self._places.is_own(path):
                with suppress(PmatError):
                    found[path] = self._places.text(path)
        return found

    def _only_store(self, key: str) -> tuple[Path, Store] | None:
        """The only place in the files of the finding's classes that stores `key`."""
        found = []
        for path in dict.fromkeys(self._places.locate(file).path for file in self._finding.class_files):
            source = self._source(path) if path is not None else None
            if path is not None and source is not None:
                found += [(path, store_at(source, range_)) for range_ in source.hash_key_stores(key)]
        if len(found) != 1 or found[0][1] is None:
            return None
        return found[0][0], found[0][1]

    def _source(self, path: Path) -> PerlSource | None:
        try:
            return self._places.source(path)
        except PmatError:
            return None


def _weaken_stored(cut: StoredCut, path: Path, store: Store, kept: bool) -> _Step | None:
    """Weaken a stored reference: safe where the object holds itself, else as far as the heap shows other holders."""
    own = cut.to_itself and store.is_own and not kept
    if not own and not cut.live:
        return None
    edits = store.weaken()
    if edits is None:
        return None
    why = (
        "An object needs no reference to itself to stay alive."
        if own
        else _live_only(cut.live or 0, f"{{{cut.key}}} of {cut.package}")
    )
    return _Step(f"Weaken {store.target}", why, path, tuple(edits), own)


def _live_only(live: int, name: str) -> str:
    others = format_count(live, "object")
    return f"In this dump something else holds what {name} refers to ({others}): see that this is always so."


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
    )
