"""The texts of reports, for clients that ask for documents that are no files."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from pmat_lsp.heap.progress import no_progress
from pmat_lsp.server.documents import document_text
from pmat_lsp.server.language_server import PmatServer, answered


@answered
async def text_document_content(ls: PmatServer, params: Any) -> types.TextDocumentContentResult:
    """Answer with the Markdown of a report."""
    text = await document_text(ls, params.uri, no_progress)
    ls.state.documents.add(params.uri)
    return types.TextDocumentContentResult(text)
