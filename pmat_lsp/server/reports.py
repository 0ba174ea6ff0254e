"""Reports as read-only documents with URIs of their own, `pmat:/leaks.md`: their names, and who comes for them.

A client that asks for texts of documents that are no files is given them; for another one a file is written.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from lsprotocol import types

from pmat_lsp.server.language_server import PmatServer
from pmat_lsp.server.state import State

SCHEME = "pmat"
SUFFIX = ".md"
LEAKS = f"{SCHEME}:/leaks{SUFFIX}"
SHOW = "pmat.show"


def sv_uri(name: str) -> str:
    """The document about an SV."""
    return f"{SCHEME}:/sv/{quote(name, safe='')}{SUFFIX}"


def finding_uri(name: str) -> str:
    """The document about a finding, by its id."""
    return f"{SCHEME}:/leaks/{quote(name, safe='')}{SUFFIX}"


def run_uri(name: str, words: Sequence[str]) -> str:
    """The document with the answer to a question."""
    query = quote(shlex.join(words), safe="")
    return f"{SCHEME}:/run/{quote(name, safe='')}{SUFFIX}" + (f"?{query}" if query else "")


async def register_documents(ls: PmatServer) -> None:
    """Ask the client to come for texts, and for the links in them, where it can."""
    client = ls.state.client
    wanted = []
    if client.text_documents:
        contents = types.TextDocumentContentRegistrationOptions([SCHEME])
        wanted.append(types.Registration("pmat-documents", types.WORKSPACE_TEXT_DOCUMENT_CONTENT, contents))
    if client.registers_links:
        selector: list[types.TextDocumentFilter] = [types.TextDocumentFilterScheme(SCHEME)]
        if not client.text_documents:
            selector = [types.TextDocumentFilterPattern(f"{reports_folder(ls.state)}/*{SUFFIX}")]
        links = types.DocumentLinkRegistrationOptions(selector, resolve_provider=not client.text_documents)
        wanted.append(types.Registration("pmat-links", types.TEXT_DOCUMENT_DOCUMENT_LINK, links))
    if wanted:
        await ls.ask_to_register(*wanted)


def reports_folder(state: State) -> Path:
    """Where reports are written for a client that takes files only; nobody else can read it; gone with the server."""
    if state.reports is None:
        state.reports = tempfile.TemporaryDirectory(prefix="pmat-reports-", ignore_cleanup_errors=True)
    return Path(state.reports.name)
