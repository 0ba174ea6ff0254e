"""Tells the clients that want to know how it is with the dump in front: `pmat/changed`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lsprotocol import types

from pmat_lsp.render.escape import visible
from pmat_lsp.server.language_server import PmatServer
from pmat_lsp.server.paths import uri_of
from pmat_lsp.server.state import Front

CHANGED = "pmat/changed"
_LONGEST = 1000
_SETTLED = ("ready", "none")


def set_front(ls: PmatServer, state: str, path: Path | None, message: str) -> None:
    """From now on it is so; `state` is one of those of `Front`."""
    ls.state.front = Front(state, path, visible(message, _LONGEST), ls.state.front.version + 1)
    if state in _SETTLED:
        ls.state.settled = ls.state.front
    if ls.state.client.changed:
        ls.protocol.notify(CHANGED, front_data(ls.state.front))
    if ls.state.client.text_documents and state in _SETTLED:
        for uri in ls.state.documents:
            ls.workspace_text_document_content_refresh(types.TextDocumentContentRefreshParams(uri))


def choice_changed(ls: PmatServer) -> None:
    """Other dumps are there to choose from; it is as it was with the one in front."""
    if ls.state.front.version == 0:
        # Nothing was told yet, and the first dump is about to be loaded.
        return
    ls.state.front = replace(ls.state.front, version=ls.state.front.version + 1)
    if ls.state.client.changed:
        ls.protocol.notify(CHANGED, front_data(ls.state.front))


def front_again(ls: PmatServer) -> None:
    """What was begun was given up: it is again as it was before."""
    before = ls.state.settled
    set_front(ls, before.state, before.path, before.message)


def front_data(front: Front) -> dict[str, object]:
    """The parameters of the notification."""
    return {
        "dump": uri_of(front.path) if front.path else None,
        "state": front.state,
        "message": front.message,
        "version": front.version,
    }
