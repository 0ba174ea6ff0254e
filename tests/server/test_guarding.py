"""Every handler is guarded and can be cancelled; a feature that fails silences no other."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from pmat_lsp.server.app import build_server
from pmat_lsp.server.late_features import COMMANDS, HANDLERS
from tests.server.editor import LONGEST_WAIT, Editor, demo_workspace, editor, full_capabilities
from tests.server.test_leaving import BUSY

HTTP = "lib/Courier/HTTP.pm"
LEAKED, USE = 78, 81
BROKEN = "lambda *_: 1 / 0"
OVERWRITTEN = "lambda *_: (_ for _ in ()).throw(DumpError('app.pmat', 'cut short', hint='Load it again.'))"


def test_every_handler_is_guarded() -> None:
    server = build_server()
    server.take_up_offers(_everything())
    manager = server.protocol.fm
    handlers = {**manager.features, **manager.commands}
    assert len(handlers) > 30
    late = {late.method: late.place for late in HANDLERS} | COMMANDS
    guards = {name: _late(late[name]) if name in late else _inner(handler) for name, handler in handlers.items()}
    unguarded = [name for name, handler in guards.items() if not hasattr(handler, "__wrapped__")]
    # Nothing in it can fail, and it may not wait.
    assert unguarded == [types.SHUTDOWN]


def _late(place: str) -> Any:
    """The function that is imported when it is first called."""
    module, name = place.split(".")
    return getattr(import_module(f"pmat_lsp.server.features.{module}"), name)


def _inner(handler: Any) -> Any:
    """The function that was registered; pygls gives it the server."""
    return getattr(handler, "func", handler)


def _everything() -> types.ClientCapabilities:
    document = types.TextDocumentClientCapabilities(
        code_lens=types.CodeLensClientCapabilities(),
        document_highlight=types.DocumentHighlightClientCapabilities(),
        inlay_hint=types.InlayHintClientCapabilities(),
        document_link=types.DocumentLinkClientCapabilities(),
        references=types.ReferenceClientCapabilities(),
        type_hierarchy=types.TypeHierarchyClientCapabilities(),
        call_hierarchy=types.CallHierarchyClientCapabilities(),
    )
    return types.ClientCapabilities(text_document=document)


def _hover(shown: Editor) -> asyncio.Future[Any]:
    document, at = types.TextDocumentIdentifier(shown.uri(HTTP)), types.Position(LEAKED, 22)
    asked = shown.client.protocol.send_request("textDocument/hover", types.HoverParams(document, at), msg_id="a hover")
    return asyncio.wrap_future(asked)


@pytest.mark.asyncio
async def test_a_request_that_waits_behind_long_work_is_cancelled_at_once(tmp_path: Path) -> None:
    async with editor(demo_workspace(tmp_path / "courier"), full_capabilities(), server=BUSY) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        asked = _hover(shown)
        shown.client.cancel_request(types.CancelParams("a hover"))
        with pytest.raises(JsonRpcException) as raised:
            await asyncio.wait_for(asked, LONGEST_WAIT)
        assert raised.value.code == -32800
        assert (await shown.request("pmat/catalogue", {}))["questions"]


def _failing(hover: str) -> tuple[str, ...]:
    """A server in which an expression stands in the place of what finds hovers."""
    program = (
        "import sys; from pmat_lsp.errors import DumpError; from pmat_lsp.server.features import hover; "
        f"hover._Teller.at = {hover}; "
        "from pmat_lsp.cli.main import main; sys.exit(main(['serve']))"
    )
    return sys.executable, "-c", program


@pytest.mark.asyncio
async def test_a_feature_that_fails_is_logged_and_the_others_answer(tmp_path: Path) -> None:
    async with editor(demo_workspace(tmp_path / "courier"), full_capabilities(), server=_failing(BROKEN)) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        assert await asyncio.wait_for(_hover(shown), LONGEST_WAIT) is None
        assert any(line.startswith("hover failed:") and "ZeroDivisionError" in line for line in shown.log)
        assert await shown.definition(HTTP, USE, 15) is not None
        assert shown.leak(HTTP) is not None
        assert shown.shown == []


@pytest.mark.asyncio
async def test_a_dump_that_was_overwritten_is_logged_in_one_line(tmp_path: Path) -> None:
    server = _failing(OVERWRITTEN)
    async with editor(demo_workspace(tmp_path / "courier"), full_capabilities(), server=server) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        assert await asyncio.wait_for(_hover(shown), LONGEST_WAIT) is None
        assert "hover failed: app.pmat: cut short. Load it again." in shown.log
