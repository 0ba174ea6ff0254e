"""Clients that come for diagnostics: they get the same as others are sent, and are told when to come again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.server.capabilities import announced_by
from tests.server.editor import Editor, demo_workspace, editor, full_capabilities

pytestmark = pytest.mark.asyncio
HTTP = "lib/Courier/HTTP.pm"
CONNECTION = "lib/Courier/Connection.pm"
LEAKED = 78
Json = dict[str, Any]


@asynccontextmanager
async def _client(name: str, folder: Path) -> AsyncIterator[Editor]:
    workspace = demo_workspace(folder / "courier")
    async with editor(workspace, announced_by(name, {}).structured()) as shown:
        await shown.until_loaded()
        yield shown


def _kinds(report: types.WorkspaceDiagnosticReport) -> dict[str, str]:
    return {one.uri: one.kind for one in report.items}


async def test_vs_code_is_told_to_come_and_gets_the_marks_of_files_that_are_not_open(tmp_path: Path) -> None:
    async with _client("VS Code", tmp_path) as shown:
        provider = shown.capabilities and shown.capabilities.diagnostic_provider
        assert isinstance(provider, types.DiagnosticOptions)
        assert (provider.inter_file_dependencies, provider.workspace_diagnostics) == (True, True)
        await shown.until(lambda: shown.leak(HTTP) is not None, "it was not told to come")
        leak = shown.leak(HTTP)
        assert leak is not None
        assert (leak.range.start.line, leak.code) == (LEAKED, "container-capture")
        assert leak.related_information
        assert shown.diagnostics(CONNECTION)
        assert shown.publications == []


async def test_what_a_client_has_already_is_not_told_again(tmp_path: Path) -> None:
    async with _client("VS Code", tmp_path) as shown:
        await shown.until(lambda: shown.leak(HTTP) is not None, "it was not told to come")
        assert set(_kinds(await shown.pull()).values()) == {"unchanged"}
        shown.open(HTTP)
        await shown.until(lambda: bool(shown.pulls) and shown.pulls[-1].done(), "no answer")
        assert (await shown.pull_document(HTTP)).kind == "unchanged"


async def test_an_edit_moves_the_marks_that_the_next_request_gets(tmp_path: Path) -> None:
    async with _client("VS Code", tmp_path) as shown:
        text = shown.open(HTTP)
        shown.change(HTTP, "# new\n" + text)
        report = await shown.pull_document(HTTP)
        assert report.kind == "full"
        leak = shown.leak(HTTP)
        assert leak is not None
        assert leak.range.start.line == LEAKED + 1
        kinds = _kinds(await shown.pull())
        assert kinds[shown.uri(HTTP)] == "unchanged"


async def test_after_unload_the_client_comes_and_finds_nothing(tmp_path: Path) -> None:
    async with _client("VS Code", tmp_path) as shown:
        shown.open(HTTP)
        await shown.until(lambda: shown.leak(HTTP) is not None, "no diagnostic")
        await shown.command("pmat.unload")
        await shown.until(lambda: shown.leak(HTTP) is None and not shown.diagnostics(CONNECTION), "still there")
        assert _kinds(await shown.pull()) == {}
        assert await shown.command("pmat.reload") is True
        await shown.until(lambda: shown.leak(HTTP) is not None and bool(shown.diagnostics(CONNECTION)), "not back")


async def test_a_document_that_has_no_marks_or_is_no_file_has_none(tmp_path: Path) -> None:
    async with _client("VS Code", tmp_path) as shown:
        assert list((await shown.pull_document("app.pl")).items) == []
        for uri in ("untitled:Untitled-1", "git:/lib/Courier/HTTP.pm?x", "nonsense"):
            document = types.TextDocumentIdentifier(uri)
            report = await shown.client.text_document_diagnostic_async(types.DocumentDiagnosticParams(document))
            assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
            assert list(report.items) == []


async def test_a_client_that_comes_for_open_documents_alone_gets_the_others_along(tmp_path: Path) -> None:
    async with _client("Helix", tmp_path) as shown:
        shown.open("app.pl")
        await shown.until(lambda: shown.leak(HTTP) is not None, "no diagnostic")
        assert shown.diagnostics(CONNECTION)
        await shown.command("pmat.unload")
        await shown.until(lambda: shown.leak(HTTP) is None and not shown.diagnostics(CONNECTION), "still there")
        assert shown.publications == []


async def test_a_client_that_cannot_be_told_to_come_again_is_sent_its_diagnostics(tmp_path: Path) -> None:
    capabilities = full_capabilities()
    assert capabilities.text_document is not None
    capabilities.text_document.diagnostic = types.DiagnosticClientCapabilities()
    async with editor(demo_workspace(tmp_path / "courier"), capabilities) as shown:
        await shown.until_loaded()
        assert shown.capabilities is not None
        assert shown.capabilities.diagnostic_provider is None
        assert shown.leak(HTTP) is not None
