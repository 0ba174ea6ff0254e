"""The diagnostics of the dump in front: found, and sent to clients that do not come for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.errors import PmatError
from pmat_lsp.render.escape import visible
from pmat_lsp.server.dumps import Stamp, stamp_of
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.marks import FileMarks, Target, diagnostics_of
from pmat_lsp.server.messages import ignored_messages, loaded_message, unplaced_messages, unplaced_warning
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.redraw import call_again
from pmat_lsp.server.state import OpenDump, Publication, State
from pmat_lsp.session import Dump
from pmat_lsp.source.model import Range
from pmat_lsp.source.places import Places

_LONGEST = 1000
DEBOUNCE_SECONDS = 0.15
"""The marks are found anew when the user has not typed for so long."""


@dataclass(frozen=True)
class Outcome:
    """What the worker found."""

    opened: OpenDump
    files: list[FileMarks]
    summary: list[str]
    """Lines for the log."""
    warning: str | None
    """For the user."""
    stamps: dict[Path, Stamp | None]
    """How the files with marks were on the disk."""


async def refresh(ls: PmatServer, *, edited: bool = False) -> Outcome | None:
    """Find the marks anew, and let the client show them. Returns what was found, None where no dump is open.

    `edited`: because of an edit, after which a client that comes for diagnostics comes by itself.
    """
    state = ls.state
    versions = {path: state.texts.version(path) for path in state.texts.paths()}
    outcome = await state.ask(partial(_find, state=state))
    if outcome is None and state.dumps.front is None:
        _show(ls, {}, edited)
    if outcome is None or not state.is_front(outcome.opened):
        return None
    _note_marked(state, outcome)
    by_uri = {state.texts.uri(path): version for path, version in versions.items()}
    wanted = ((state.texts.uri(marks.path), marks.diagnostics) for marks in outcome.files)
    # Shown again for a newer text even where they are equal: editors move them with the text as they think best.
    _show(ls, {uri: (by_uri.get(uri), diagnostics) for uri, diagnostics in wanted}, edited)
    return outcome


def _note_marked(state: State, outcome: Outcome) -> None:
    """Remember where marks are, so that those files are watched."""
    folders = {path.parent for path in state.watch.marked}
    state.watch.marked = outcome.stamps
    if {path.parent for path in outcome.stamps} != folders:
        state.watch.stir()


def refresh_later(ls: PmatServer) -> None:
    """Find the marks anew when nothing more has changed for a moment."""
    if ls.state.dumps.front is None:
        return
    if ls.state.refresh is not None:
        ls.state.refresh.cancel()
    ls.state.refresh = ls.state.refreshing = asyncio.create_task(_refresh(ls))


@guarded
async def _refresh(ls: PmatServer) -> None:
    await asyncio.sleep(DEBOUNCE_SECONDS)
    # From here on it is not cancelled: two that follow each other are harmless, one that never comes is not.
    ls.state.refresh = None
    await refresh(ls, edited=True)


def _show(ls: PmatServer, wanted: dict[str, Publication], edited: bool) -> None:
    """Send what changed, or have the client come for it; nothing for what has no mark any more."""
    before, ls.state.published = ls.state.published, wanted
    gone = [uri for uri in before if uri not in wanted]
    changed = {uri: one for uri, one in wanted.items() if before.get(uri) != one}
    if ls.state.client.pulls_diagnostics:
        unopened = gone or any(version is None for version, _ in changed.values())
        if unopened or (changed and not edited):
            ls.state.start(call_again(ls.workspace_diagnostic_refresh_async))
        return
    for uri in gone:
        ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
    for uri, (version, diagnostics) in changed.items():
        told = version if ls.state.client.diagnostic_version else None
        ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, list(diagnostics), told))


def _find(opened: OpenDump, state: State) -> Outcome:
    """Runs in the worker."""
    dump = opened.dump
    marked = dump.all_marked
    target = target_of(dump, state)
    summary = [loaded_message(dump.path, dump.leaks.report), *unplaced_messages(marked), *ignored_messages(marked)]
    files = diagnostics_of(dump, marked, target)
    for file in files:
        if file.left_out:
            told = f"{file.path}: not all marks are shown, {file.left_out:,} more were found; the report has all"
            summary.append(visible(told, _LONGEST))
    stamps = {file.path: stamp_of(file.path) for file in files}
    return Outcome(opened, files, summary, unplaced_warning(marked), stamps)


def target_of(dump: Dump, state: State) -> Target:
    """The client, for places of a dump; to be asked in the worker."""
    ranges = FileRanges(dump.places, state.encoding)
    return Target(
        state.client, state.settings.severity, state.settings.self_held_severity, state.texts.uri, ranges.range
    )


class FileRanges:
    """Ranges of many files as the client counts them."""

    def __init__(self, places: Places, encoding: Encoding) -> None:
        self._places = places
        self._encoding = encoding
        self._lines: dict[Path, Lines] = {}

    def range(self, path: Path, range_: Range) -> types.Range:
        """A range of a file; its text is looked at, since a column depends on what stands before it."""
        if path not in self._lines:
            self._lines[path] = Lines(self._text(path), self._encoding)
        return self._lines[path].range(range_)

    def _text(self, path: Path) -> str:
        try:
            return self._places.source(path).text
        except PmatError:
            return ""
