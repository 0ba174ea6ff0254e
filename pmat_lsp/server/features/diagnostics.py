"""The texts of the editor: an edit moves the marks."""

from __future__ import annotations

from lsprotocol import types

from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.publishing import refresh_later


def register(ls: PmatServer) -> None:
    """Register the handlers."""
    ls.feature(types.TEXT_DOCUMENT_DID_OPEN)(did_open)
    ls.feature(types.TEXT_DOCUMENT_DID_CHANGE)(did_change)
    ls.feature(types.TEXT_DOCUMENT_DID_CLOSE)(did_close)


@guarded
async def did_open(ls: PmatServer, params: types.DidOpenTextDocumentParams) -> None:
    """The editor's text is the truth from now on."""
    document = params.text_document
    ls.state.texts.put(document.uri, document.version, document.text)
    refresh_later(ls)


@guarded
async def did_change(ls: PmatServer, params: types.DidChangeTextDocumentParams) -> None:
    """The text changed."""
    document = params.text_document
    ls.state.texts.put(document.uri, document.version, ls.workspace.get_text_document(document.uri).source)
    refresh_later(ls)


@guarded
async def did_close(ls: PmatServer, params: types.DidCloseTextDocumentParams) -> None:
    """The file on disk is the truth again."""
    ls.state.texts.drop(params.text_document.uri)
    refresh_later(ls)
