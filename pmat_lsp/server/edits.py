"""Changes of source files as edits that the client understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from pmat_lsp.cures.model import FileEdits
from pmat_lsp.server.client import Client
from pmat_lsp.server.paths import same_file_key
from pmat_lsp.server.publishing import FileRanges
from pmat_lsp.server.state import State

ANNOTATION = "pmat.cure"
"""The name of the one change annotation of an edit."""


@dataclass(frozen=True)
class EditWriter:
    """Writes edits as the client understands them."""

    state: State
    ranges: FileRanges
    versions: Mapping[str, int | None]
    """By file: that of the text on which the edits are."""

    @property
    def _client(self) -> Client:
        return self.state.client

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
            change_annotations={ANNOTATION: annotation},
        )

    def _document(self, path: Path) -> types.OptionalVersionedTextDocumentIdentifier:
        version = self.versions.get(same_file_key(path))
        return types.OptionalVersionedTextDocumentIdentifier(self.state.texts.uri(path), version)

    def _text_edits(self, files: FileEdits) -> list[types.TextEdit]:
        return [types.TextEdit(self.ranges.range(files.path, edit.range), edit.text) for edit in files.edits]

    def _annotated(self, files: FileEdits) -> list[types.AnnotatedTextEdit]:
        return [types.AnnotatedTextEdit(ANNOTATION, edit.range, edit.new_text) for edit in self._text_edits(files)]
