"""`pmat.redact`: no values and no keys that are data in hovers, diagnostics and answers; it can be switched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.server.editor import Editor, editor, full_capabilities, hover_text, own_workspace

pytestmark = pytest.mark.asyncio
SCRIPT, CAPTURE = "secrets.pl", "$access_token }"


def _capture() -> tuple[int, int]:
    """The 0-based line and column of the captured token in the program."""
    lines = (Path(__file__).parent.parent / "programs" / SCRIPT).read_text(encoding="utf-8").splitlines()
    return next((at, line.index(CAPTURE) + 1) for at, line in enumerate(lines) if CAPTURE in line)


async def _values(shown: Editor) -> str:
    answer: Any = await shown.request("pmat/run", {"name": "values", "arguments": {"sv": "%main::CONFIG"}})
    return str(answer["text"])


async def test_likely_secrets_are_hidden_in_an_editor(tmp_path: Path) -> None:
    async with editor(own_workspace(tmp_path / "program", "secrets"), full_capabilities()) as shown:
        shown.open(SCRIPT)
        await shown.until_loaded()
        hover = hover_text(await shown.hover(SCRIPT, *_capture()))
        assert "likely secret, 12 bytes" in hover
        assert "opaque" not in hover
        values = await _values(shown)
        assert "<likely secret, 12 bytes>" in values
        assert "db.example.org" in values


async def test_redaction_is_switched_while_a_dump_is_open(tmp_path: Path) -> None:
    workspace = own_workspace(tmp_path / "program", "secrets")
    async with editor(workspace, types.ClientCapabilities(), options={"pmat": {"redact": True}}) as shown:
        shown.open(SCRIPT)
        await shown.until(lambda: bool(shown.diagnostics(SCRIPT)), "no diagnostic")
        assert "<string, 14 bytes>" in await _values(shown)
        assert "alice" not in str(shown.diagnostics(SCRIPT))
        settings = {"pmat": {"redact": False}}
        shown.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
        await shown.until(lambda: "alice@example.org" in str(shown.diagnostics(SCRIPT)), "no key in the diagnostic")
        assert "db.example.org" in await _values(shown)
