"""Quick fixes at a leak: its cures, a comment that makes it known, and the commands that tell more of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.result import LEAKED
from pmat_lsp.cures.model import Cure, FileEdits
from pmat_lsp.errors import PmatError
from pmat_lsp.render.escape import visible
from pmat_lsp.render.fix_title import fix_title
from pmat_lsp.server.edits import EditWriter
from pmat_lsp.server.features.commands import COMPARE, SHOW_CHAIN
from pmat_lsp.server.fixes import fixes_of
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of, same_file_key
from pmat_lsp.server.publishing import FileRanges
from pmat_lsp.server.state import OpenDump, State
from pmat_lsp.source.ignores import ignore_edit
from pmat_lsp.source.marks import MarkedFinding

VERIFY = "pmat.verify"
"""A command of the client's own, for one that announces it."""
_LONGEST_REASON = 2000


@guarded
async def code_actions(ls: PmatServer, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    """Answer with the quick fixes of the leaks that are marked in the range."""
    path = path_of(params.text_document.uri)
    only = params.context.only
    if path is None or not ls.state.client.code_actions or (only and not any(map(_covers_quick_fix, only))):
        return None
    versions = {same_file_key(open_): ls.state.texts.version(open_) for open_ in ls.state.texts.paths()}
    has_previous = ls.state.previous is not None
    question = partial(_offer, state=ls.state, versions=versions, has_previous=has_previous, path=path, params=params)
    return await ls.state.ask(question) or None


def _covers_quick_fix(kind: types.CodeActionKind | str) -> bool:
    return kind in (types.CodeActionKind.Empty, types.CodeActionKind.QuickFix)


def _offer(
    opened: OpenDump,
    state: State,
    versions: Mapping[str, int | None],
    has_previous: bool,
    path: Path,
    params: types.CodeActionParams,
) -> list[types.CodeAction]:
    """Runs in the worker."""
    dump = opened.dump
    ranges = FileRanges(dump.places, state.encoding)
    writer, client = EditWriter(state, ranges, versions), state.client
    actions: list[types.CodeAction] = []
    source = opened.sites.text(path)
    all_marked = opened.sites.marked(source) if source is not None else ()
    ids = finding_ids(dump.leaks.report.all_findings)
    for marked, finding_id in zip(all_marked, ids, strict=False):
        if marked.ignored is None and any(_meet(params.range, mark) for mark in _marks(marked, path, ranges)):
            shown = [one for one in params.context.diagnostics if _is_about(one, marked, params.range)]
            cures = fixes_of(dump, opened.stamp, marked)
            fixes = [
                _fix(writer, cure, shown, index == 0 and cure.is_safe, client.preferred_actions)
                for index, cure in enumerate(cures)
            ]
            if cures and client.verifies:
                fixes.append(_told(types.Command("Fix and verify…", VERIFY, arguments=[finding_id]), shown))
            chain = types.Command(f"Show the chain of this {_noun(marked)}", SHOW_CHAIN, arguments=[finding_id])
            actions += [*fixes, *_ignore(opened, marked, writer, shown), _told(chain, shown)]
    if actions and has_previous:
        actions.append(_told(types.Command("Compare with the previous dump", COMPARE), actions[0].diagnostics or ()))
    return actions


def _noun(marked: MarkedFinding) -> str:
    return "leak" if marked.finding.verdict == LEAKED else "finding"


def _told(command: types.Command, shown: Sequence[types.Diagnostic]) -> types.CodeAction:
    return types.CodeAction(command.title, types.CodeActionKind.QuickFix, list(shown), command=command)


def _marks(marked: MarkedFinding, path: Path, ranges: FileRanges) -> Iterator[types.Range]:
    """Where the finding has a diagnostic in a file."""
    places = [(marked.mark.path, marked.mark.range)] if marked.mark is not None else []
    places += [(note.path, note.range) for note in marked.notes if note.kind == "captured"]
    places += [(place.path, place.keyword) for place in marked.closures if place.path and place.keyword and place.sub]
    for file, range_ in dict.fromkeys(places):
        if same_file_key(file) == same_file_key(path):
            yield ranges.range(file, range_)


def _is_about(diagnostic: types.Diagnostic, marked: MarkedFinding, asked: types.Range) -> bool:
    ours = diagnostic.source == "pmat" and diagnostic.code == marked.finding.code
    return ours and _meet(diagnostic.range, asked)


def _meet(one: types.Range, other: types.Range) -> bool:
    return one.start <= other.end and other.start <= one.end


def _ignore(
    opened: OpenDump, marked: MarkedFinding, writer: EditWriter, shown: Sequence[types.Diagnostic]
) -> Iterator[types.CodeAction]:
    """The comment that makes the finding known."""
    mark = marked.mark
    if mark is None or not opened.dump.places.may_edit(mark.path):
        return
    try:
        source = opened.dump.places.source(mark.path)
    except PmatError:
        return
    edit = ignore_edit(source, mark.range.start.line, marked.finding.code)
    if edit is not None:
        made = writer.edit([FileEdits(mark.path, (edit,))], None)
        title = f"Ignore this {_noun(marked)} ({marked.finding.code}) with a comment"
        yield types.CodeAction(title, types.CodeActionKind.QuickFix, list(shown), edit=made)


def _fix(
    writer: EditWriter, cure: Cure, shown: Sequence[types.Diagnostic], preferred: bool, is_preferred_known: bool
) -> types.CodeAction:
    """A fix; one that needs review says why in its title, for clients that show no annotation."""
    annotation = types.ChangeAnnotation(visible(cure.title), not cure.is_safe, visible(cure.reason, _LONGEST_REASON))
    return types.CodeAction(
        title=fix_title(cure),
        kind=types.CodeActionKind.QuickFix,
        diagnostics=list(shown),
        is_preferred=preferred if is_preferred_known else None,
        edit=writer.edit(cure.files, annotation),
    )
