"""What a client asks for when it has its first marks: each feature is imported when it is first used, or soon after.

Together they take longer to import than a small dump to read, and nobody can use one of them before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from lsprotocol import types

from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.threads import in_daemon_thread

GRACE_SECONDS = 0.1
"""A client asks for much as soon as it has its marks: that goes first."""
_FEATURES = "pmat_lsp.server.features"


@dataclass(frozen=True, slots=True)
class Late:
    """A handler of a method."""

    place: str
    """Its module in `pmat_lsp.server.features`, and its name there."""
    method: str
    capability: str = ""
    """Of `textDocument`: clients that announce it are offered the method, and no others; "": all have it."""
    options: object = None


HANDLERS = (
    Late("hover.hover", types.TEXT_DOCUMENT_HOVER),
    Late("definition.definition", types.TEXT_DOCUMENT_DEFINITION),
    Late("references.references", types.TEXT_DOCUMENT_REFERENCES, "references"),
    Late("highlight.highlight", types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, "document_highlight"),
    Late("call_hierarchy.prepare", types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY, "call_hierarchy"),
    Late("call_hierarchy.incoming", types.CALL_HIERARCHY_INCOMING_CALLS, "call_hierarchy"),
    Late("call_hierarchy.outgoing", types.CALL_HIERARCHY_OUTGOING_CALLS, "call_hierarchy"),
    Late("type_hierarchy.prepare", types.TEXT_DOCUMENT_PREPARE_TYPE_HIERARCHY, "type_hierarchy"),
    Late("type_hierarchy.supertypes", types.TYPE_HIERARCHY_SUPERTYPES, "type_hierarchy"),
    Late("type_hierarchy.subtypes", types.TYPE_HIERARCHY_SUBTYPES, "type_hierarchy"),
    Late("code_lens.code_lens", types.TEXT_DOCUMENT_CODE_LENS, "code_lens"),
    Late("inlay_hints.inlay_hints", types.TEXT_DOCUMENT_INLAY_HINT, "inlay_hint"),
    Late(
        "code_actions.code_actions",
        types.TEXT_DOCUMENT_CODE_ACTION,
        options=types.CodeActionOptions([types.CodeActionKind.QuickFix]),
    ),
    Late("catalogue.catalogue", "pmat/catalogue"),
    Late("catalogue.run", "pmat/run"),
    Late("catalogue.leaks", "pmat/leaks"),
    Late("catalogue.expand", "pmat/expand"),
    Late("verify.fixes", "pmat/fixes"),
    Late("verify.verify", "pmat/verify"),
    # The client is asked to use it by `server.reports.register_documents`.
    Late("documents.text_document_content", types.WORKSPACE_TEXT_DOCUMENT_CONTENT),
    Late("links.document_link", types.TEXT_DOCUMENT_DOCUMENT_LINK, "document_link"),
    Late("links.resolve", types.DOCUMENT_LINK_RESOLVE, "document_link"),
    Late("symbols.workspace_symbol", types.WORKSPACE_SYMBOL),
)
COMMANDS = {
    "pmat.load": "commands.load",
    "pmat.reload": "commands.reload",
    "pmat.unload": "commands.unload",
    "pmat.run": "commands.run",
    "pmat.identify": "commands.identify",
    "pmat.show": "commands.show",
    "pmat.showChain": "commands.show_chain",
    "pmat.showLeaks": "commands.show_leaks",
    "pmat.compare": "commands.compare",
}
"""By name: the place of each command that a client runs."""


def register(ls: PmatServer) -> None:
    """Register or offer all of them."""
    for late in HANDLERS:
        if late.capability:
            ls.offer(late.capability, late.method, handler_at(late.place), late.options)
        else:
            ls.feature(late.method, late.options)(handler_at(late.place))
    for name, place in COMMANDS.items():
        ls.command(name)(handler_at(place))


def handler_at(place: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    """What does as the handler at a place does, and imports its module when it is first called."""
    module, name = place.split(".")
    found: Callable[..., Coroutine[Any, Any, Any]] | None = None

    async def handler(ls: PmatServer, *arguments: Any) -> Any:
        nonlocal found
        if found is None:
            # Not here: it takes a while, and others are to be answered meanwhile.
            found = getattr(await in_daemon_thread(partial(import_module, f"{_FEATURES}.{module}")), name)
        return await found(ls, *arguments)

    handler.__name__ = name
    return handler


@guarded
async def import_features(_ls: PmatServer) -> None:
    """Import all, one after the other, so that no client waits for them later."""
    await asyncio.sleep(GRACE_SECONDS)
    for place in (*(late.place for late in HANDLERS), *COMMANDS.values()):
        await in_daemon_thread(partial(import_module, f"{_FEATURES}.{place.split('.')[0]}"))
