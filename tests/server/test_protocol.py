"""What was handled is forgotten: the server runs for weeks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pmat_lsp.server.app import build_server

pytestmark = pytest.mark.asyncio


class _Written:
    """Where the server writes to."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        """Nothing to close."""


async def test_neither_notifications_nor_requests_are_kept_when_they_were_handled(tmp_path: Path) -> None:
    server, written = build_server(), _Written()
    protocol = server.protocol
    protocol.set_writer(written)

    async def handle(method: str, params: Any, id_: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id_ is None else {"id": id_})
        protocol.handle_message(json.loads(json.dumps(message), object_hook=protocol.structure_message))
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
