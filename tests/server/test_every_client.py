"""Every feature, asked for by the clients that there are; what they did not announce they are not sent."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcMethodNotFound

from tests.server.capabilities import FILES, Announced, announced_by, unannounced
from tests.server.editor import Editor, demo_workspace, editor

pytestmark = pytest.mark.asyncio
HTTP = "lib/Courier/HTTP.pm"
CLOSURE, USE = types.Position(78, 22), types.Position(81, 15)
SHOWN = {"codeLens": {"enable": True}, "inlayHints": {"enable": True}}
OPTIONS: dict[str, dict[str, Any]] = {
    "VS Code": {"pmat": SHOWN, "client": {"changed": True, "commandLinks": True}},
    "Neovim": {"pmat": SHOWN, "client": {"changed": True}},
    "Emacs": {"pmat": SHOWN},
    "Helix": {"pmat": SHOWN},
}
"""As our plugins announce themselves, and a client without a plugin does not."""
OFFERED_TO_ALL = {
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/codeAction",
    "workspace/symbol",
    "pmat/catalogue",
    "pmat/run",
    "pmat/leaks",
    "pmat/expand",
}
"""What answers with something whatever the client announces."""
ANSWERED: dict[str, set[str]] = {
    "VS Code": {
        "textDocument/references",
        "textDocument/documentHighlight",
        "textDocument/prepareCallHierarchy",
        "callHierarchy/incomingCalls",
        "callHierarchy/outgoingCalls",
        "textDocument/prepareTypeHierarchy",
        "textDocument/codeLens",
        "textDocument/inlayHint",
        "textDocument/documentLink",
        "workspace/textDocumentContent",
    },
    "Neovim": {
        "textDocument/references",
        "textDocument/documentHighlight",
        "textDocument/prepareCallHierarchy",
        "callHierarchy/incomingCalls",
        "callHierarchy/outgoingCalls",
        "textDocument/codeLens",
        "textDocument/inlayHint",
        "workspace/textDocumentContent",
    },
    "Emacs": {
        "textDocument/references",
        "textDocument/documentHighlight",
        "textDocument/inlayHint",
        "workspace/textDocumentContent",
    },
    "Helix": {
        "textDocument/inlayHint",
        "workspace/textDocumentContent",
    },
}
"""What else does."""


class Session:
    """Asks, and keeps the answers by method."""

    def __init__(self, shown: Editor) -> None:
        self.shown = shown
        self.answers: dict[str, Any] = {}
        self._numbers = count()

    async def ask(self, method: str, params: Any) -> Any:
        """The answer; None where the server does not have the method."""
        try:
            answer = await self.shown.request(method, params, id_=f"{method} {next(self._numbers)}")
        except JsonRpcException as error:
            if error.code != JsonRpcMethodNotFound.CODE:
                raise
            return None
        self.answers[method] = self.answers.get(method) or answer
        return answer


async def _everything(shown: Editor) -> Session:
    """What a user does in a long session."""
    session = Session(shown)
    await shown.until_loaded()
    await _read(session)
    await _ask_ours(session)
    await _open_reports(session)
    assert await shown.command("pmat.reload")
    assert await shown.command("pmat.unload")
    assert await shown.command("pmat.load", "courier.pmat")
    (shown.workspace / "cut.pmat").write_bytes((shown.workspace / "courier.pmat").read_bytes()[:1000])
    assert not await shown.command("pmat.load", "cut.pmat")
    return session


async def _read(session: Session) -> None:
    shown = session.shown
    shown.open(HTTP)
    await shown.until(lambda: shown.leak(HTTP) is not None, "no diagnostic")
    document = types.TextDocumentIdentifier(shown.uri(HTTP))
    everything = types.Range(types.Position(0, 0), types.Position(120, 0))
    await session.ask("textDocument/hover", types.HoverParams(document, CLOSURE))
    await session.ask("textDocument/definition", types.DefinitionParams(document, USE))
    context = types.ReferenceContext(include_declaration=True)
    await session.ask("textDocument/references", types.ReferenceParams(context, document, USE))
    await session.ask("textDocument/documentHighlight", types.DocumentHighlightParams(document, USE))
    at = types.Range(CLOSURE, CLOSURE)
    actions = types.CodeActionParams(document, at, types.CodeActionContext(shown.diagnostics(HTTP)))
    await session.ask("textDocument/codeAction", actions)
    await session.ask("textDocument/codeLens", types.CodeLensParams(document))
    await session.ask("textDocument/inlayHint", types.InlayHintParams(document, everything))
    begun = await session.ask("textDocument/prepareCallHierarchy", types.CallHierarchyPrepareParams(document, CLOSURE))
    for item in begun or ():
        await session.ask("callHierarchy/incomingCalls", types.CallHierarchyIncomingCallsParams(item))
        await session.ask("callHierarchy/outgoingCalls", types.CallHierarchyOutgoingCallsParams(item))
    (shown.workspace / "uses.pl").write_text("IO::Socket::INET->new;\n")
    shown.open("uses.pl")
    uses = types.TextDocumentIdentifier(shown.uri("uses.pl"))
    begun = await session.ask(
        "textDocument/prepareTypeHierarchy", types.TypeHierarchyPrepareParams(uses, types.Position(0, 3))
    )
    for item in begun or ():
        await session.ask("typeHierarchy/supertypes", types.TypeHierarchySupertypesParams(item))
        await session.ask("typeHierarchy/subtypes", types.TypeHierarchySubtypesParams(item))
    await session.ask("workspace/symbol", types.WorkspaceSymbolParams("get_connection"))


async def _ask_ours(session: Session) -> None:
    await session.ask("pmat/catalogue", {})
    await session.ask("pmat/run", {"name": "summary"})
    leaks = await session.ask("pmat/leaks", {"overview": True})
    await session.ask("pmat/expand", {"what": "islands", "finding": leaks["findings"][0]["id"]})
    await session.ask("workspace/symbol", types.WorkspaceSymbolParams(leaks["findings"][0]["addresses"][0]))


async def _open_reports(session: Session) -> None:
    shown = session.shown
    opened = await shown.command("pmat.showLeaks")
    contents = types.TextDocumentContentParams("pmat:/leaks.md")
    text = (await session.ask("workspace/textDocumentContent", contents)).text
    shown.client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(opened["uri"], "markdown", 1, text))
    )
    links = types.DocumentLinkParams(types.TextDocumentIdentifier(opened["uri"]))
    for link in (await session.ask("textDocument/documentLink", links) or ())[:3]:
        await session.ask("documentLink/resolve", link)
    await shown.command("pmat.showChain")
    await shown.command("pmat.run", "count", "--blessed")


async def _session(folder: Path, client: Announced) -> tuple[Session, Editor]:
    section = {"pmat": client.options["pmat"]}
    workspace = demo_workspace(folder / "courier")
    async with editor(workspace, client.structured(), options=client.options, configuration=section) as shown:
        session = await _everything(shown)
    return session, shown


@pytest.mark.parametrize("name", FILES)
async def test_every_feature_works_and_nothing_is_sent_that_was_not_announced(name: str, tmp_path: Path) -> None:
    client = announced_by(name, OPTIONS[name])
    session, shown = await _session(tmp_path, client)
    assert unannounced(shown.received, client) == []
    answered = {method for method, answer in session.answers.items() if answer}
    assert answered >= OFFERED_TO_ALL | ANSWERED[name]
    assert ("pmat/changed" in _methods(shown)) == client.announces("changed")
    assert ("$/progress" in _methods(shown)) == client.has("window.workDoneProgress")
    assert ("window/showDocument" in _methods(shown)) == client.has("window.showDocument.support")
    assert [line for line in shown.log if "failed:" in line] == []
    assert ("textDocument/publishDiagnostics" in _methods(shown)) == (name in ("Neovim", "Emacs"))
    assert len(shown.shown) == 1
    assert "cut.pmat" in shown.shown[0]


async def test_the_reader_of_messages_finds_what_a_client_that_announces_nothing_would_be_sent_wrongly(
    tmp_path: Path,
) -> None:
    client = announced_by("VS Code", OPTIONS["VS Code"])
    _, shown = await _session(tmp_path, client)
    found = set(unannounced(shown.received, replace(client, capabilities={}, options={})))
    assert found >= {
        "window/workDoneProgress/create",
        "window/showDocument",
        "workspace/configuration",
        "workspace/codeLens/refresh",
        "workspace/inlayHint/refresh",
        "registration of workspace/didChangeWatchedFiles",
        "registration of workspace/didChangeConfiguration",
        "registration of workspace/textDocumentContent",
        "registration of textDocument/documentLink",
        "relatedInformation of a diagnostic",
        "data of a diagnostic",
        "hover in markdown",
        "kind of a code action",
        "diagnosticProvider",
        "diagnosticProvider without a refresh",
        "workspace/diagnostic/refresh",
        "documentChanges of an edit",
        "changeAnnotations of an edit",
        "pmat/changed",
        "callHierarchyProvider",
    }


def _methods(shown: Editor) -> set[str]:
    return {message["method"] for message in shown.received if "method" in message}
