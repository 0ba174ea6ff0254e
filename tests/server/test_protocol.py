"""What was handled is forgotten, and what cannot be handled is answered with an error."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pmat_lsp.server.app import build_server
from tests.benchmarks.player import SERVER
from tests.benchmarks.wire import running

START = {"line": 0, "character": 0}


class _Written:
    """Where the server writes to."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.asyncio
async def test_neither_notifications_nor_requests_are_kept_when_they_were_handled(tmp_path: Path) -> None:
    server, written = build_server(), _Written()
    protocol = server.protocol
    protocol.set_writer(written)

    async def handle(method: str, params: Any, id_: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id_ is None else {"id": id_})
        protocol.handle_message(json.loads(json.dumps(message), object_hook=protocol.structure_message))
        # Some handlers work in a thread.
        while id_ is not None and f'"id": {id_}, '.encode() not in written.data:
            await asyncio.sleep(0.001)
        for _ in range(20):
            await asyncio.sleep(0)

    await handle("initialize", {"processId": None, "capabilities": {}, "rootUri": tmp_path.as_uri()}, 1)
    document: dict[str, Any] = {"uri": (tmp_path / "a.pl").as_uri(), "version": 1}
    await handle("textDocument/didOpen", {"textDocument": {**document, "languageId": "perl", "text": "1;\n"}})
    kept = len(protocol._request_futures)
    for version in range(2, 20):
        edit = {"textDocument": {**document, "version": version}, "contentChanges": [{"text": f"{version};\n"}]}
        await handle("textDocument/didChange", edit)
        await handle("textDocument/hover", {"textDocument": document, "position": {"line": 0, "character": 0}}, version)
    assert server.workspace.get_text_document(document["uri"]).source == "19;\n"
    assert written.data.count(b'"result"') == 19
    assert len(protocol._request_futures) <= kept
    await handle("shutdown", None, 99)
    assert b'"id":99' in written.data.replace(b" ", b"")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/hover", {"textDocument": 7, "position": []}),
        ("textDocument/hover", None),
        ("textDocument/codeAction", {"textDocument": {"uri": "file:///a"}, "range": "all", "context": {}}),
        ("workspace/executeCommand", {"command": {}, "arguments": 3}),
    ],
)
def test_a_request_with_wrong_parameters_is_answered_with_an_error(tmp_path: Path, method: str, params: Any) -> None:
    with running(SERVER, tmp_path, {}, dict(os.environ)) as server:
        server.ask("initialize", {"processId": None, "capabilities": {}})
        assert server.ask(method, params).error["code"] == -32602
        assert server.ask("pmat/catalogue", {}).error is None


def test_a_request_before_initialize_or_after_shutdown_is_answered_with_an_error(tmp_path: Path) -> None:
    with running(SERVER, tmp_path, {}, dict(os.environ)) as server:
        assert server.ask("pmat/catalogue", {}).error["code"] == -32002
        server.ask("initialize", {"processId": None, "capabilities": {}})
        assert server.ask("pmat/catalogue", {}).error is None
        server.ask("shutdown", None)
        assert server.ask("pmat/catalogue", {}).error["code"] == -32600


@pytest.mark.parametrize("uri", ["file:///srv/a%00b.pl", "file:///srv/a\0b.pl", "file:///srv/%ff.pl", "untitled:x", ""])
def test_an_uri_that_names_no_file_is_no_fault(tmp_path: Path, uri: str) -> None:
    document = {"uri": uri, "languageId": "perl", "version": 1, "text": "1;\n"}
    with running(SERVER, tmp_path, {}, dict(os.environ)) as server:
        server.ask("initialize", {"processId": None, "capabilities": {}, "rootUri": tmp_path.as_uri()})
        server.notify("initialized", {})
        server.notify("textDocument/didOpen", {"textDocument": document})
        assert server.ask("textDocument/hover", {"textDocument": document, "position": START}).error is None
        assert server.ask("workspace/executeCommand", {"command": "pmat.load", "arguments": [uri]}).error is None
        assert server.faults == []
