"""Quick fixes at a leak: its cures, a comment that makes it known, and the commands that tell more of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.result import LEAKED
from pmat_lsp.cures.model import Cure, FileEdits
from pmat_lsp.errors import PmatError
from pmat_lsp.render.escape import visible
from pmat_lsp.server.client import Client
from pmat_lsp.server.features.commands import COMPARE, SHOW_CHAIN
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of, same_file_key
from pmat_lsp.server.publishing import FileRanges
from pmat_lsp.server.state import OpenDump, State
from pmat_lsp.source.ignores import ignore_edit
from pmat_lsp.source.marks import MarkedFinding

_CURE = "pmat.cure"
"""The name of the one change annotation of an edit."""


def register(ls: PmatServer) -> None:
    """Register the handler."""
    options = types.CodeActionOptions([types.CodeActionKind.QuickFix])
    ls.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_actions)


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
    writer = _Writer(state, ranges, versions)
    actions: list[types.CodeAction] = []
    source = opened.sites.text(path)
    all_marked = opened.sites.marked(source) if source is not None else ()
    ids = finding_ids(dump.leaks.report.all_findings)
    for marked, finding_id in zip(all_marked, ids, strict=False):
        if marked.ignored is None and any(_meet(params.range, mark) for mark in _marks(marked, path, ranges)):
            shown = [one for one in params.context.diagnostics if _is_about(one, marked, params.range)]
            cures = dump.cures(marked) if marked.finding.verdict == LEAKED else ()
            fixes = [writer.cure(cure, shown, index == 0 and cure.is_safe) for index, cure in enumerate(cures)]
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
    opened: OpenDump, marked: MarkedFinding, writer: _Writer, shown: Sequence[types.Diagnostic]
) -> Iterator[types.CodeAction]:
    """The comment that makes the finding known."""
    mark = marked.mark
    if mark is None:
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


@dataclass(frozen=True)
class _Writer:
    """Writes code actions as the client understands them."""

    state: State
    ranges: FileRanges
    versions: Mapping[str, int | None]
    """By file: that of the text on which the edits are."""

    @property
    def _client(self) -> Client:
        return self.state.client

    def cure(self, cure: Cure, shown: Sequence[types.Diagnostic], preferred: bool) -> types.CodeAction:
        """A cure; one that is not proven says so in its title, for clients that show no annotation."""
        title = visible(cure.title) + ("" if cure.is_safe else " (please check)")
        annotation = types.ChangeAnnotation(visible(cure.title), not cure.is_safe, visible(cure.reason))
        return types.CodeAction(
            title=title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=list(shown),
            is_preferred=preferred if self._client.preferred_actions else None,
            edit=self.edit(cure.files, annotation),
        )

    def edit(self, files: Sequence[FileEdits], annotation: types.ChangeAnnotation | None) -> types.WorkspaceEdit:
        """The changes of files, of the versions that were looked at where the client can check that."""
        if not self._client.document_changes:
            return types.WorkspaceEdit(changes={self.state.texts.uri(one.path): self._text_edits(one) for one in files})
        if annotation is None or not self._client.change_annotations:
            return types.WorkspaceEdit(
                document_changes=[
                    types.TextDocumentEdit(self._document(one.path), self._text_edits(one)) for one in files
                ]
            )
        return types.WorkspaceEdit(
            document_changes=[types.TextDocumentEdit(self._document(one.path), self._annotated(one)) for one in files],
            change_annotations={_CURE: annotation},
        )

    def _document(self, path: Path) -> types.OptionalVersionedTextDocumentIdentifier:
        version = self.versions.get(same_file_key(path))
        return types.OptionalVersionedTextDocumentIdentifier(self.state.texts.uri(path), version)

    def _text_edits(self, files: FileEdits) -> list[types.TextEdit]:
        return [types.TextEdit(self.ranges.range(files.path, edit.range), edit.text) for edit in files.edits]

    def _annotated(self, files: FileEdits) -> list[types.AnnotatedTextEdit]:
        return [types.AnnotatedTextEdit(_CURE, edit.range, edit.new_text) for edit in self._text_edits(files)]
