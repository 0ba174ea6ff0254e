"""A small editor: it starts the real server, opens texts, and remembers what it is shown."""

from __future__ import annotations

import asyncio
import lzma
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.protocol import JsonRPCNotification, JsonRPCResponseMessage
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import make_test_lsp_client

TESTS = Path(__file__).parent.parent
DEMO = TESTS.parent / "pmat_lsp" / "demo"
SERVER = (sys.executable, "-m", "pmat_lsp", "serve")
LONGEST_WAIT = 20.0
"""Seconds, for a busy machine."""


def demo_workspace(folder: Path) -> Path:
    """The demo program with its dump."""
    shutil.copytree(DEMO / "program", folder)
    (folder / "courier.pmat").write_bytes(lzma.decompress((DEMO / "courier.pmat.xz").read_bytes()))
    return folder


def own_workspace(folder: Path, name: str) -> Path:
    """One of the programs of the tests with its dump."""
    folder.mkdir()
    shutil.copy(TESTS / "programs" / f"{name}.pl", folder)
    (folder / f"{name}.pmat").write_bytes(lzma.decompress((TESTS / "data" / f"{name}.pmat.xz").read_bytes()))
    return folder


def full_capabilities(encoding: types.PositionEncodingKind | None = None) -> types.ClientCapabilities:
    """Those of VS Code, which announces everything that the server uses."""
    capabilities = client_capabilities("visual-studio-code")
    if encoding is not None:
        capabilities.general = types.GeneralClientCapabilities(position_encodings=[encoding])
    return capabilities


class Editor:
    """One server, and the folder that is open."""

    def __init__(self, client: LanguageClient, workspace: Path) -> None:
        self.client = client
        self.workspace = workspace
        self.registered: list[types.Registration] = []
        self.unregistered: list[str] = []
        """Ids of registrations that the server took back."""
        self.texts: dict[str, int] = {}
        self.publications: list[types.PublishDiagnosticsParams] = []
        self.changes: list[dict[str, Any]] = []
        """The parameters of every `pmat/changed`."""
        self.documents: list[str] = []
        """URIs that the server wanted to be shown."""
        self.received: list[dict[str, Any]] = []
        """Every message of the server, as in JSON."""
        self.pulled: dict[str, str] = {}
        """By URI: the id of the diagnostics that the server gave when it was asked for them."""
        self.traces: list[types.LogTraceParams] = []
        """What the server told of its work."""
        self._asked = 0
        self.pulls: list[asyncio.Future[Any]] = []
        """What was asked for when the server said so."""
        self.capabilities: types.ServerCapabilities | None = None
        """What the server said that it can do."""

    def uri(self, name: str) -> str:
        """Of a file of the workspace."""
        return (self.workspace / name).as_uri()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for what the server sends."""
        end = time.monotonic() + LONGEST_WAIT
        while not condition():
            assert time.monotonic() < end, f"{what}; log: {self.log}; shown: {self.shown}"
            await asyncio.sleep(0.01)

    async def until_loaded(self, times: int = 1) -> None:
        """Wait until the summary of the dump is in the log."""
        await self.until(lambda: sum("checked" in line for line in self.log) >= times, "no dump was loaded")

    @property
    def log(self) -> list[str]:
        """The lines of the client's log."""
        return [entry.message for entry in self.client.log_messages]

    @property
    def shown(self) -> list[str]:
        """The messages that popped up."""
        return [message.message for message in self.client.messages]

    def diagnostics(self, name: str) -> list[types.Diagnostic]:
        """What is shown in a file now."""
        return list(self.client.diagnostics.get(self.uri(name), ()))

    def leak(self, name: str) -> types.Diagnostic | None:
        """The diagnostic of a file that tells a leak: its second line is the chain."""
        found = [one for one in self.diagnostics(name) if "\n" in one.message]
        assert len(found) <= 1
        return found[0] if found else None

    def open(self, name: str, text: str | None = None) -> str:
        """Open a file of the workspace, with another text than on disk if there is one. Returns the text."""
        content = (self.workspace / name).read_text(encoding="utf-8") if text is None else text
        self.texts[name] = 1
        document = types.TextDocumentItem(self.uri(name), "perl", 1, content)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(document))
        self._come(name)
        return content

    def change(self, name: str, text: str) -> None:
        """Replace the text of an open file."""
        self.texts[name] += 1
        document = types.VersionedTextDocumentIdentifier(version=self.texts[name], uri=self.uri(name))
        changes = [types.TextDocumentContentChangeWholeDocument(text)]
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, changes))
        self._come(name)

    def close(self, name: str) -> None:
        """Close an open file."""
        document = types.TextDocumentIdentifier(self.uri(name))
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    async def pull(self) -> Any:
        """Come for the diagnostics of the workspace, as VS Code does every other second and when it is told to."""
        before = [types.PreviousResultId(uri, value) for uri, value in self.pulled.items()]
        report = await self._ask(types.WORKSPACE_DIAGNOSTIC, types.WorkspaceDiagnosticParams(before))
        for one in report.items:
            self._take(one.uri, one)
        return report

    async def pull_document(self, name: str) -> Any:
        """Come for the diagnostics of one document, and take those of others that come with them."""
        uri = self.uri(name)
        params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri), None, self.pulled.get(uri))
        report = await self._ask(types.TEXT_DOCUMENT_DIAGNOSTIC, params)
        for other, one in {uri: report, **(report.related_documents or {})}.items():
            self._take(other, one)
        return report

    async def _ask(self, method: str, params: Any) -> Any:
        self._asked += 1
        return await self.client.protocol.send_request_async(method, params, f"{method} {self._asked}")  # type: ignore[no-untyped-call]

    def _come(self, name: str) -> None:
        """As clients do that come for diagnostics when a text has changed."""
        if self.capabilities is not None and self.capabilities.diagnostic_provider is not None:
            self.pulls.append(asyncio.ensure_future(self.pull_document(name)))

    def _take(self, uri: str, report: Any) -> None:
        self.pulled[uri] = report.result_id
        if report.kind == "full":
            self.client.diagnostics[uri] = report.items

    async def hover(self, name: str, line: int, column: int) -> types.Hover | None:
        """Hover at a 0-based position."""
        document, position = types.TextDocumentIdentifier(self.uri(name)), types.Position(line, column)
        return await self.client.text_document_hover_async(types.HoverParams(document, position))

    async def definition(self, name: str, line: int, column: int) -> Any:
        """Go to the definition from a 0-based position."""
        document, position = types.TextDocumentIdentifier(self.uri(name)), types.Position(line, column)
        return await self.client.text_document_definition_async(types.DefinitionParams(document, position))

    async def command(self, name: str, *arguments: Any) -> Any:
        """Execute a command of the server."""
        params = types.ExecuteCommandParams(name, arguments=list(arguments))
        return await self.client.workspace_execute_command_async(params)

    async def request(self, method: str, params: Any, *, id_: str | None = None) -> Any:
        """Ask something that is not in the protocol; the answer is as in JSON."""
        asked = self.client.protocol.send_request_async(method, params, id_)  # type: ignore[no-untyped-call]
        return await asyncio.wait_for(asked, LONGEST_WAIT)


def hover_text(hover: types.Hover | None) -> str:
    """The text of a hover, which must be there."""
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    return hover.contents.value


@asynccontextmanager
async def editor(
    workspace: Path,
    capabilities: types.ClientCapabilities,
    *,
    options: Any = None,
    configuration: Any = None,
    folders: bool = True,
    workspace_folders: Sequence[types.WorkspaceFolder] | None = None,
    server: Sequence[str] = SERVER,
) -> AsyncIterator[Editor]:
    """An editor with its server; at the end the server must leave when it is asked to."""
    client = make_test_lsp_client()
    shown = Editor(client, workspace)
    _remember(shown)
    _keep_json(client)
    if configuration is not None:
        client.set_configuration(configuration)
    await client.start_io(*server)
    try:
        folder = types.WorkspaceFolder(workspace.as_uri(), workspace.name)
        params = types.InitializeParams(
            capabilities=capabilities,
            initialization_options=options,
            workspace_folders=workspace_folders or ([folder] if folders else None),
        )
        shown.capabilities = (await client.initialize_session(params)).capabilities
        yield shown
        await asyncio.wait_for(client.shutdown_session(), LONGEST_WAIT)
    except BaseException:
        # Nobody told the server to leave, and `stop` waits until it has left.
        _end(client)
        raise
    finally:
        await client.stop()  # type: ignore[no-untyped-call]


def _end(client: LanguageClient) -> None:
    server = client._server
    if server is not None and server.returncode is None:
        server.kill()


def _keep_json(client: LanguageClient) -> None:
    """Of messages that are not in the protocol; pygls would make tuples of them, with other names."""
    for kind in (JsonRPCResponseMessage, JsonRPCNotification):
        client.protocol._converter.register_structure_hook(kind, lambda given, cls: cls(**given))


def _remember(shown: Editor) -> None:
    protocol = shown.client.protocol
    features = protocol.fm.features
    structured = protocol.structure_message

    def receive(data: dict[str, Any]) -> Any:
        # It is called for every object of a message, the inner ones first.
        if "jsonrpc" in data:
            shown.received.append(data)
        return structured(data)

    protocol.structure_message = receive  # type: ignore[method-assign]

    def publish(params: types.PublishDiagnosticsParams) -> None:
        shown.publications.append(params)
        shown.client.diagnostics[params.uri] = params.diagnostics

    features[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS] = publish

    def register(params: types.RegistrationParams) -> None:
        shown.registered.extend(params.registrations)

    features[types.CLIENT_REGISTER_CAPABILITY] = register

    def unregister(params: types.UnregistrationParams) -> None:
        shown.unregistered.extend(one.id for one in params.unregisterations)

    features[types.CLIENT_UNREGISTER_CAPABILITY] = unregister

    async def come_again(_params: None) -> None:
        # After the answer: the server sends more only when it has it.
        pulling = shown.pull() if not _takes_related(shown) else _pull_open(shown)
        shown.pulls.append(asyncio.ensure_future(pulling))

    features[types.WORKSPACE_DIAGNOSTIC_REFRESH] = come_again

    features[types.LOG_TRACE] = shown.traces.append

    features["pmat/changed"] = shown.changes.append

    def show(params: types.ShowDocumentParams) -> types.ShowDocumentResult:
        shown.documents.append(params.uri)
        return types.ShowDocumentResult(True)

    features[types.WINDOW_SHOW_DOCUMENT] = show


def _takes_related(shown: Editor) -> bool:
    announced = shown.client.capabilities
    document = announced.text_document if announced else None
    return bool(document and document.diagnostic and document.diagnostic.related_document_support)


async def _pull_open(shown: Editor) -> None:
    """As a client does that comes for the diagnostics of open documents alone."""
    for name in shown.texts:
        await shown.pull_document(name)
