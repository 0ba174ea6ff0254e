"""Diagnostics for clients that come for them and can be told to come again; such a client is never sent any.

VS Code asks for those of the whole workspace every other second: what it has already is answered at once.
"""

from __future__ import annotations

import asyncio
import hashlib

from lsprotocol import types

from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.state import Publication

_NONE: Publication = (None, ())


def register(ls: PmatServer) -> None:
    """Offer the handlers."""
    options = types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=True, identifier="pmat")
    ls.offer("diagnostic", types.TEXT_DOCUMENT_DIAGNOSTIC, document_diagnostic, options)
    ls.offer("diagnostic", types.WORKSPACE_DIAGNOSTIC, workspace_diagnostic)


@guarded
async def document_diagnostic(
    ls: PmatServer, params: types.DocumentDiagnosticParams
) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
    """Answer with the diagnostics of a document; with those of all others too where the client takes them."""
    await _settled(ls)
    path = path_of(params.text_document.uri)
    uri = ls.state.texts.uri(path) if path is not None else params.text_document.uri
    publication = ls.state.published.get(uri, _NONE)
    result_id, related = _result_id(publication), _related(ls, uri)
    if params.previous_result_id == result_id:
        return types.RelatedUnchangedDocumentDiagnosticReport(result_id, related)
    return types.RelatedFullDocumentDiagnosticReport(publication[1], related, result_id=result_id)


@guarded
async def workspace_diagnostic(
    ls: PmatServer, params: types.WorkspaceDiagnosticParams
) -> types.WorkspaceDiagnosticReport:
    """Answer with the diagnostics of every file that has or had some."""
    await _settled(ls)
    before = {previous.uri: previous.value for previous in params.previous_result_ids}
    without = {uri: _NONE for uri, value in before.items() if value != _result_id(_NONE)}
    reports = (_report(uri, one, before.get(uri)) for uri, one in {**without, **ls.state.published}.items())
    return types.WorkspaceDiagnosticReport(list(reports))


async def _settled(ls: PmatServer) -> None:
    """Wait until the marks are those of the last edit."""
    while (refreshing := ls.state.refreshing) is not None and not refreshing.done():
        await asyncio.wait({refreshing})


def _report(
    uri: str, publication: Publication, before: str | None
) -> types.WorkspaceFullDocumentDiagnosticReport | types.WorkspaceUnchangedDocumentDiagnosticReport:
    version, diagnostics = publication
    result_id = _result_id(publication)
    if before == result_id:
        return types.WorkspaceUnchangedDocumentDiagnosticReport(uri, result_id, version)
    return types.WorkspaceFullDocumentDiagnosticReport(uri, diagnostics, version, result_id=result_id)


def _related(ls: PmatServer, uri: str) -> dict[str, types.FullDocumentDiagnosticReport] | None:
    """The diagnostics of the other files, and of those that had some when this was last told."""
    if not ls.state.client.related_documents:
        return None
    published, told = ls.state.published, ls.state.related
    others = {other: published.get(other, _NONE) for other in {*published, *told} - {uri}}
    ls.state.related = set(published)
    return {
        other: types.FullDocumentDiagnosticReport(one[1], result_id=_result_id(one)) for other, one in others.items()
    }


def _result_id(publication: Publication) -> str:
    """Tells the contents; and the version of the text, since editors move diagnostics with it as they think best."""
    return hashlib.blake2b(repr(publication).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
