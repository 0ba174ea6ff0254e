"""What only holds itself in the editor: a hint, no fix, and lists of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.server.editor import editor, full_capabilities, hover_text, own_workspace

pytestmark = pytest.mark.asyncio
SCRIPT = "self_held_registry.pl"
SUB = types.Range(types.Position(16, 24), types.Position(16, 27))


async def test_a_self_held_finding_is_a_hint_without_a_fix(tmp_path: Path) -> None:
    async with editor(own_workspace(tmp_path / "program", "self_held_registry"), full_capabilities()) as shown:
        shown.open(SCRIPT)
        await shown.until_loaded()
        await shown.until(lambda: bool(shown.diagnostics(SCRIPT)), "no diagnostic")
        mark = next(one for one in shown.diagnostics(SCRIPT) if one.range == SUB)
        assert (mark.severity, mark.code) == (types.DiagnosticSeverity.Hint, "self-held")
        assert mark.message.startswith("4 Session objects are kept alive only by themselves. Live code can still")
        assert "Reached by %Session::BY_ID → {1} (weak) → Session" in mark.message
        document = types.TextDocumentIdentifier(shown.uri(SCRIPT))
        params = types.CodeActionParams(document, SUB, types.CodeActionContext([mark]))
        titles = [action.title for action in await shown.client.text_document_code_action_async(params) or ()]
        assert titles == ["Ignore this finding (self-held) with a comment", "Show the chain of this finding"]
        hover = hover_text(await shown.hover(SCRIPT, SUB.start.line, SUB.start.character))
        assert "4 live, none leaked, 4 self-held" in hover
        assert "**self-held**: 4 Session objects are kept alive only by themselves" in hover


async def test_the_severity_of_self_held_findings_is_a_setting(tmp_path: Path) -> None:
    workspace = own_workspace(tmp_path / "program", "self_held_registry")
    options = {"pmat": {"diagnostics": {"selfHeldSeverity": "information"}}}
    async with editor(workspace, full_capabilities(), options=options) as shown:
        await shown.until(lambda: bool(shown.diagnostics(SCRIPT)), "no diagnostic")
        assert {one.severity for one in shown.diagnostics(SCRIPT) if one.range == SUB} == {
            types.DiagnosticSeverity.Information
        }


async def test_pmat_leaks_has_a_list_of_self_held_findings(tmp_path: Path) -> None:
    async with editor(own_workspace(tmp_path / "program", "self_held_registry"), full_capabilities()) as shown:
        await shown.until_loaded()
        answer: Any = await shown.request("pmat/leaks", {"overview": True})
        assert answer["findings"] == []
        (finding,) = answer["selfHeld"]
        assert (finding["verdict"], finding["code"], finding["count"]) == ("self-held", "self-held", 4)
        assert finding["reach"] == ["%Session::BY_ID → {1} (weak) → Session"]
        assert answer["checked"]["selfHeld"] > 0
        assert answer["overview"]["bytes"]["selfHeld"] > 0
        report = await shown.request("pmat/expand", {"what": "islands", "finding": finding["id"]})
        assert all(row["selfHeld"] and not row["leaked"] for row in report["rows"])
