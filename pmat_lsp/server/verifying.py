"""Fixes of a finding tried on the program itself: the command runs beside everything else that the server does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.protocol import default_converter

from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.result import LEAKED
from pmat_lsp.cures.merge import changes_of
from pmat_lsp.cures.model import Cure
from pmat_lsp.cures.offers import choose
from pmat_lsp.cures.verified import Trial, Verification
from pmat_lsp.cures.verify import Task
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Progress as HeapProgress
from pmat_lsp.render.advice import advice_text
from pmat_lsp.render.diff import diff_text
from pmat_lsp.render.escape import visible
from pmat_lsp.render.fix_text import outcome_text, running_text, verification_notes, why_none_text
from pmat_lsp.running.trees import measure_tree
from pmat_lsp.server.asking import ask_dump
from pmat_lsp.server.edits import EditWriter
from pmat_lsp.server.fixes import fixes_of
from pmat_lsp.server.language_server import PmatServer, Unanswerable
from pmat_lsp.server.paths import same_file_key
from pmat_lsp.server.publishing import FileRanges
from pmat_lsp.server.state import OpenDump, State
from pmat_lsp.server.threads import Stoppable, in_daemon_thread
from pmat_lsp.session import Dump
from pmat_lsp.source.edits import apply_edits
from pmat_lsp.source.marks import MarkedFinding, mark_finding
from pmat_lsp.source.sources import Sources

Json = dict[str, object]
_LONGEST = 2000
_USUAL_COMMAND = "prove -l t"


@dataclass(frozen=True)
class Fixable:
    """A finding with its fixes, in the texts as they are on the disk."""

    name: str
    """The id of the finding."""
    dump: Dump
    """With texts of its own: the worker does not look into them."""
    marked: MarkedFinding
    cures: tuple[Cure, ...]
    why_none: str
    """Why it has none; "" where it has some."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that its fixes change."""
        return tuple(dict.fromkeys(file.path for cure in self.cures for file in cure.files))

    def folder(self, folders: Sequence[Path]) -> Path | None:
        """The innermost folder of the workspace with its first file; None where that is in no folder."""
        if not self.files:
            return None
        file = Path(same_file_key(self.files[0]))
        around = [folder for folder in folders if file.is_relative_to(os.path.realpath(folder))]
        return max(around, key=lambda folder: len(os.path.realpath(folder)), default=None)


async def fixes_data(ls: PmatServer, name: str) -> Json:
    """What is known of the fixes of a finding before anything has run.

    Raises:
        PmatError: there is no such finding.
    """
    state = ls.state
    fixable = await ask_dump(ls, lambda opened, _: _fixable(opened, name))
    folder = fixable.folder(state.folders)
    size = await in_daemon_thread(partial(measure_tree, folder)) if folder else None
    usual = _USUAL_COMMAND if folder and (folder / "t").is_dir() else ""
    return {
        "fixes": [_fix(cure, None) for cure in fixable.cures],
        "whyNone": _why_none(fixable),
        "byHand": visible(advice_text(fixable.marked.advice), _LONGEST),
        "folder": state.texts.uri(folder) if folder else None,
        "command": state.settings.verify_command or usual,
        "warning": running_text(None, folder, size) if folder and size else "",
    }


async def verification_data(
    ls: PmatServer, name: str, command: Sequence[str], timeout: float, report: HeapProgress
) -> Json:
    """Run a command without and with the fixes of a finding, and tell what that has shown.

    Raises:
        PmatError: there is no such finding or no fix of it, its file is in no folder of the workspace or has changes
            that are not saved, or the command cannot be run.
    """
    state = ls.state
    state.stoppable = {one for one in state.stoppable if not one.is_over}
    if any(not one.is_given_up for one in state.stoppable):
        raise Unanswerable("another fix is being verified", "Wait until that is done, or cancel it.")
    work = Stoppable()
    state.stoppable.add(work)
    try:
        fixable = await ask_dump(ls, lambda opened, _: _saved(opened, _fixable(opened, name)))
        folder = fixable.folder(state.folders)
        if not fixable.cures:
            raise Unanswerable(f"there is no fix to try: {_why_none(fixable)}")
        if folder is None:
            raise Unanswerable(
                f"{fixable.files[0]} is in no folder of the workspace",
                "Open the folder of the program: it is copied, and the command runs in the copy.",
            )
        texts = {path: fixable.dump.places.source(path).text for path in fixable.files}
        task = Task(tuple(command), folder, timeout, state.settings.memory_limit)
        candidates = [(fixable.marked, fixable.cures)]
        verification = await work.do(lambda given_up: fixable.dump.verify(candidates, task, report, given_up))
        return await in_daemon_thread(partial(_told, state, fixable, verification, folder, texts))
    finally:
        # It stays where it is: whoever closes the server waits until nothing is left of it.
        work.give_up()


def _fixable(opened: OpenDump, name: str) -> Fixable:
    """Runs in the worker."""
    report = opened.dump.leaks.report
    findings = dict(zip(finding_ids(report.all_findings), report.all_findings, strict=True))
    if name not in findings:
        raise PmatError(f"there is no finding {name!r} in this dump", "pmat/leaks has them all.")
    dump = opened.dump.placed(opened.dump.settings, Sources())
    marked = mark_finding(dump.places, findings[name])
    if marked.finding.verdict != LEAKED:
        return Fixable(name, dump, marked, (), "it only holds itself, and live code can still reach it")
    cures = fixes_of(dump, opened.stamp, marked)
    return Fixable(name, dump, marked, cures, (None if cures else dump.why_no_cure(marked)) or "")


def _saved(opened: OpenDump, fixable: Fixable) -> Fixable:
    """The same, where the files of its fixes are as in the editor; runs in the worker."""
    for path in fixable.files:
        if opened.dump.places.sources.is_unsaved(path):
            raise Unanswerable(
                f"{path.name} has changes that are not saved", "Save it: the command runs with the files on the disk."
            )
    return fixable


def _why_none(fixable: Fixable) -> str:
    """Why there is no fix; "" where there is one."""
    (offer,) = choose([(fixable.marked, fixable.cures)], [fixable.name])
    reasons = {fixable.name: fixable.why_none} if fixable.why_none else {}
    return visible(why_none_text(offer, reasons), _LONGEST)


def _fix(cure: Cure, verified: bool | None) -> Json:
    return {
        "title": visible(cure.title, _LONGEST),
        "safety": cure.safety.value,
        "reason": visible(cure.reason, _LONGEST),
        "verified": verified,
    }


def _told(state: State, fixable: Fixable, verification: Verification, folder: Path, texts: Mapping[Path, str]) -> Json:
    """Runs in a thread of its own."""
    changed = [path for path in fixable.files if not _is_still(fixable, state, path, texts[path])]
    notes = [visible(note, _LONGEST) for note in verification_notes(verification, folder)]
    if changed:
        names = ", ".join(visible(path.name) for path in changed)
        notes.append(f"{names} has changed since the command began, so the fix cannot be made: verify it again")
    return {
        "command": [visible(word, _LONGEST) for word in verification.command],
        "folder": state.texts.uri(folder),
        "runs": verification.runs,
        "trials": [_trial(state, fixable, trial, verification, folder, not changed) for trial in verification.trials],
        "notes": notes,
    }


def _is_still(fixable: Fixable, state: State, path: Path, text: str) -> bool:
    """Whether a file still has the text that it had when the command began, in the editor as well."""
    try:
        return state.texts.text(path) in (None, text) and fixable.dump.places.source(path).text == text
    except PmatError:
        return False


def _trial(
    state: State, fixable: Fixable, trial: Trial, verification: Verification, folder: Path, is_current: bool
) -> Json:
    cure, outcome, places = trial.cure, trial.outcome, fixable.dump.places
    told = outcome_text(outcome, verification, folder)
    diff, edit = "", None
    if is_current:
        for change in changes_of([cure], places):
            diff += diff_text(change.path, folder, change.text, apply_edits(change.text, change.edits)).plain
    if is_current and outcome.verified:
        versions = {same_file_key(path): state.texts.version(path) for path in fixable.files}
        writer = EditWriter(state, FileRanges(places, state.encoding), versions)
        edit = _json(writer.edit(cure.files, types.ChangeAnnotation(visible(cure.title), False, told)))
    return _fix(cure, outcome.verified) | {"outcome": told, "diff": diff, "edit": edit}


def _json(edit: types.WorkspaceEdit) -> Any:
    converter: Any = default_converter()  # type: ignore[no-untyped-call]
    return converter.unstructure(edit, types.WorkspaceEdit)
