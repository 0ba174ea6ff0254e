"""Verifies fixes by running the program: twice as it is, then with one fix at a time, then with those that hold.

Each run has a fresh copy of the program's folder. The copies lie at the same place, one after the other, so that a path
in the output is the same in each run.
"""

from __future__ import annotations

import filecmp
import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.analysis.finding_ids import fingerprint
from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.analysis.result import Finding, Location
from pmat_lsp.cures.merge import changes_of
from pmat_lsp.cures.model import Cure, FileEdits
from pmat_lsp.cures.offers import choose
from pmat_lsp.cures.verified import Difference, Obstacle, Outcome, Trial, Unchanged, Verification
from pmat_lsp.heap.cache import Cache
from pmat_lsp.heap.opening import open_heap
from pmat_lsp.heap.progress import Progress
from pmat_lsp.heap.values import file_facts
from pmat_lsp.running.dumps import PerlProcess, Run, run_with_dumps, work_folder
from pmat_lsp.running.trees import copy_tree, remove_tree
from pmat_lsp.source.edits import Edit, line_before
from pmat_lsp.source.files import SourceFiles
from pmat_lsp.source.marks import MarkedFinding, place_closure
from pmat_lsp.source.places import Places
from pmat_lsp.source.rewrite import rewrite

_LAST_BYTES = 4096
"""The last line of stderr is looked for in so many."""

EditsByFile = Mapping[Path, Sequence[Edit]]
"""By the path relative to the folder of the program."""


@dataclass(frozen=True)
class Task:
    """What is run, and how."""

    command: tuple[str, ...]
    """The program and its arguments."""
    folder: Path
    """It is copied, and the command starts in the copy."""
    timeout: float
    """Seconds for each run."""
    memory_limit: int | None = None
    """Bytes that reading a dump may take; None: half of the machine's memory."""


def verify_cures(
    places: Places,
    candidates: Sequence[tuple[MarkedFinding, Sequence[Cure]]],
    task: Task,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> Verification:
    """Run the program twice as it is, then with one fix at a time, then with all that need no review.

    Of several fixes of a finding the next one is tried only where the runs do not verify the one before.

    Args:
        places: of the dump in which the findings are.
        candidates: findings, each with its fixes.
        task: the command.
        progress: told how far it is; may raise to end it.
        cancelled: asked again and again whether to give up.

    Raises:
        PmatError: the command cannot be run, the folder cannot be copied, or a dump cannot be read.
        Cancelled: `cancelled` said so.
    """
    with work_folder() as work:
        runner = _Runner(places, task, work, progress, cancelled)
        first = runner.run({})
        obstacle = _useless(first)
        second = first if obstacle else runner.run({})
        if first.run.status != second.run.status:
            obstacle = Obstacle.TOO_SLOW if second.run.status is None else Obstacle.STATUS_VARIES
        unchanged = _unchanged(first, second)
        wanted = [runner.fingerprint(marked.finding) for marked, _ in candidates]
        trials: list[Trial] = []
        for number, (_, cures) in enumerate(candidates):
            for cure in cures:
                if obstacle:
                    outcome = Outcome(obstacle)
                else:
                    outcome = _outcome(runner, {wanted[number]}, cure.files, (first, second), unchanged)
                trials.append(Trial(number, cure, outcome))
                if obstacle or outcome.verified:
                    break
        # What needs no review is made without a person, so it is tried as it would be made.
        taken = [offer for offer in choose(candidates, wanted, trials) if offer.cure and offer.is_taken]
        together = None
        if len(taken) > 1 and not obstacle:
            changes = changes_of([offer.cure for offer in taken if offer.cure], places)
            files = [FileEdits(change.path, change.edits) for change in changes]
            together = _outcome(runner, {offer.id for offer in taken}, files, (first, second), unchanged)
        return Verification(task.command, task.timeout, runner.runs, unchanged, tuple(trials), together)


@dataclass(frozen=True)
class _Observed:
    """A run, and what its dumps say."""

    run: Run
    islands: Counter[str]
    """By fingerprint of the finding, of all dumps."""
    loaded: frozenset[Path]
    """The files that perls loaded, and the scripts that they ran; links are resolved."""
    unread: tuple[Path, ...]
    """What could not be copied."""

    @property
    def dumps(self) -> int:
        """How many perls wrote a dump."""
        return sum(perl.dump is not None for perl in self.run.perls)

    def output(self, stream: str) -> Path:
        """The file of `stdout` or `stderr`."""
        return self.run.stdout if stream == "stdout" else self.run.stderr


class _Runner:
    """Runs the command in fresh copies."""

    def __init__(
        self, places: Places, task: Task, work: Path, progress: Progress, cancelled: Callable[[], bool]
    ) -> None:
        self._places = places
        self._task = task
        self._work = work
        self._progress = progress
        self._cancelled = cancelled
        self._cache = Cache(work / "indexes")
        self._original = Path(os.path.realpath(task.folder))
        # A program may tell the name of its folder.
        self.copy = work / "copy" / (self._original.name or "root")
        self.copy.parent.mkdir()
        self.runs = 0

    def run(self, edits: EditsByFile) -> _Observed:
        """Run the command with changed files."""
        unread = copy_tree(self._original, self.copy, self._cancelled, self._progress)
        for path, some in edits.items():
            rewrite(self.copy / path, self._places.source(self._original / path).text, some)
        self.runs += 1
        self._progress("running", self.runs, 0)
        results, task = self._work / f"run-{self.runs}", self._task
        run = run_with_dumps(task.command, self.copy, results, task.timeout, self._cancelled)
        islands: Counter[str] = Counter()
        loaded: set[Path] = set()
        for perl in run.perls:
            if perl.dump is not None and run.status is not None:
                found, files = self._read(perl, perl.dump, edits)
                islands.update(found)
                loaded |= files
        remove_tree(self.copy)
        remove_tree(results / "dumps")
        return _Observed(run, islands, frozenset(loaded), unread)

    def relative(self, path: Path) -> Path | None:
        """The path of a file within the folder of the program, links resolved; None for one that is not in it."""
        real = Path(os.path.realpath(path))
        return real.relative_to(self._original) if real.is_relative_to(self._original) else None

    def original(self, path: Path) -> Path:
        """The file with a relative path that is not the copy's."""
        return self._original / path

    def fingerprint(self, finding: Finding) -> str:
        """That of a finding of the dump in which the leak was found."""
        return fingerprint(finding, _Where(self._places, self._original, finding, {}))

    def _read(self, perl: PerlProcess, dump: Path, edits: EditsByFile) -> tuple[Counter[str], set[Path]]:
        """The islands in a dump, by the fingerprint of their finding; the files that its perl loaded."""
        heap = open_heap(
            dump,
            progress=self._progress,
            cancelled=self._cancelled,
            memory_limit=self._task.memory_limit,
            cache=self._cache,
        )
        inc, dirs, script = file_facts(heap)
        places = Places(SourceFiles((self.copy,), (), inc, dirs, script))
        found: Counter[str] = Counter()
        report = find_leaks(heap).report
        # What is only self-held with a fix is still there.
        for finding in report.all_findings:
            found[fingerprint(finding, _Where(places, self.copy, finding, edits))] += finding.count
        self._cache.clear()
        return found, {Path(os.path.realpath(perl.cwd / name)) for name in (*inc.values(), perl.script)}


class _Where:
    """Tells a place of code so that it is the same in the program's folder, in a copy, and with a fix.

    It is the line of `sub` in the text without the fix, where that is certain, since a fix may begin the sub with
    another statement.
    """

    def __init__(self, places: Places, root: Path, finding: Finding, edits: EditsByFile) -> None:
        self._places = places
        self._root = root
        self._edits = edits
        self._closures = {closure.location: place_closure(places, closure) for closure in finding.closures}

    def __call__(self, location: Location) -> str:
        place = self._closures.get(location)
        line = place.keyword.start.line if place and place.sub and place.keyword else location.line
        path = place.path if place else self._places.locate(location.file).path
        if path is None:
            return str(location)
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self._root):
            return f"{real}:{line}"
        relative = real.relative_to(self._root)
        return f"{relative}:{line_before(self._edits.get(relative, ()), line)}"


def _useless(observed: _Observed) -> Obstacle | None:
    """Why a run without a fix says nothing about any."""
    run = observed.run
    if run.status is None:
        return Obstacle.TOO_SLOW
    if not run.perls:
        return Obstacle.NO_PERL
    if not any(perl.has_dumper for perl in run.perls):
        return Obstacle.NO_DUMPER
    return None if observed.dumps else Obstacle.NO_DUMP


def _unchanged(first: _Observed, second: _Observed) -> Unchanged:
    return Unchanged(
        status=first.run.status,
        perls=len(first.run.perls),
        dumps=first.dumps,
        differences=_differences(first, second, ("stdout", "stderr")),
        last_message=_last_line(first.run.stderr),
        left_running=first.run.left_running,
        unread=first.unread,
    )


def _outcome(
    runner: _Runner,
    wanted: Collection[str],
    files: Sequence[FileEdits],
    without: tuple[_Observed, _Observed],
    unchanged: Unchanged,
) -> Outcome:
    """Run the command with changes that are to free the findings with some fingerprints.

    It is not run where the runs without a change tell already that this says nothing.
    """
    first, second = without
    edits = {}
    for file in files:
        path = runner.relative(file.path)
        if path is None or runner.original(path) in first.unread:
            return Outcome(Obstacle.OUTSIDE, file.path)
        edits[path] = file.edits
    for observed in without:
        obstacle = _not_loaded(runner, edits, observed)
        if obstacle:
            return Outcome(*obstacle)
    before, again = (sum(observed.islands[key] for key in wanted) for observed in without)
    if not before or not again:
        return Outcome(Obstacle.NOT_SHOWN, islands=(before, again))

    fixed = runner.run(edits)
    varying = {difference.stream for difference in unchanged.differences}
    compared = tuple(stream for stream in ("stdout", "stderr") if stream not in varying)
    most = first.islands | second.islands
    others = [key for key, count in fixed.islands.items() if key not in wanted and count > most[key]]
    outcome = Outcome(
        status=(first.run.status, fixed.run.status),
        differences=_differences(first, fixed, compared) if fixed.run.status is not None else (),
        compared=compared,
        islands=(before, sum(fixed.islands[key] for key in wanted)),
        others=(sum(most[key] for key in others), sum(fixed.islands[key] for key in others)),
    )
    if outcome.changes:
        return outcome
    obstacle = _not_loaded(runner, edits, fixed)
    if obstacle:
        return Outcome(*obstacle)
    if not min(first.dumps, second.dumps) <= fixed.dumps <= max(first.dumps, second.dumps):
        return Outcome(Obstacle.DUMPS_VARY)
    return outcome


def _not_loaded(runner: _Runner, edits: EditsByFile, observed: _Observed) -> tuple[Obstacle, Path] | None:
    """Why a run does not show what a fix of these files does, and the file."""
    for path in edits:
        if runner.original(path) in observed.loaded:
            return Obstacle.LOADED_ELSEWHERE, runner.original(path)
        if runner.copy / path not in observed.loaded:
            return Obstacle.NOT_LOADED, runner.original(path)
    return None


def _differences(one: _Observed, other: _Observed, streams: Sequence[str]) -> tuple[Difference, ...]:
    found = (_difference(stream, one.output(stream), other.output(stream)) for stream in streams)
    return tuple(difference for difference in found if difference)


def _difference(stream: str, one: Path, other: Path) -> Difference | None:
    if filecmp.cmp(one, other, shallow=False):
        return None
    before, after = _lines(one), _lines(other)
    shorter = min(len(before), len(after))
    start = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    same = next((at for at in range(shorter - start) if before[-1 - at] != after[-1 - at]), shorter - start)
    return Difference(stream, _span(start, len(before) - same), _span(start, len(after) - same))


def _lines(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return list(file)


def _span(start: int, end: int) -> tuple[int, int] | None:
    return (start + 1, end) if start < end else None


def _last_line(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LAST_BYTES))
        lines = file.read().decode("utf-8", "backslashreplace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
