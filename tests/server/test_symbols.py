"""Workspace symbols over the real server: by name, by address, with the heap's figures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from lsprotocol import types

from tests.server.editor import Editor, demo_workspace, editor, full_capabilities

pytestmark = pytest.mark.asyncio(loop_scope="module")
HTTP = "lib/Courier/HTTP.pm"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    workspace = demo_workspace(tmp_path_factory.mktemp("demo") / "courier")
    capabilities = full_capabilities()
    assert capabilities.workspace is not None
    capabilities.workspace.text_document_content = types.TextDocumentContentClientCapabilities(
        dynamic_registration=True
    )
    async with editor(workspace, capabilities) as shown:
        await shown.until_loaded()
        yield shown


async def _find(shown: Editor, query: str) -> list[types.SymbolInformation]:
    found = await shown.client.workspace_symbol_async(types.WorkspaceSymbolParams(query))
    assert all(isinstance(one, types.SymbolInformation) for one in found or ())
    return [one for one in found or () if isinstance(one, types.SymbolInformation)]


async def test_a_class_is_found_with_its_objects_alive_and_leaked(demo: Editor) -> None:
    overview = (await demo.request("pmat/leaks", {"overview": True}))["overview"]
    counts = next(row for row in overview["classes"] if row["name"] == "Courier::Connection")
    found = [one for one in await _find(demo, "courier connection") if one.kind == types.SymbolKind.Class]
    assert [(one.name, one.container_name) for one in found] == [
        ("Courier::Connection", f"{counts['objects']} objects, {counts['leaked']} leaked")
    ]


async def test_a_sub_is_found_at_its_line(demo: Editor) -> None:
    (found,) = await _find(demo, "Courier::HTTP::get_connection")
    assert found.kind == types.SymbolKind.Function
    assert found.location.uri == demo.uri(HTTP)
    lines = (demo.workspace / HTTP).read_text().splitlines()
    first = found.location.range.start.line
    assert any("sub get_connection" in line for line in lines[first - 2 : first + 1])


async def test_a_global_is_found_with_its_sigil(demo: Editor) -> None:
    names = [one.name for one in await _find(demo, "%main::INC")]
    assert names == ["%main::INC"]


@pytest.mark.parametrize(("query", "name"), [("@INC", "@main::INC"), ("%inc", "%main::INC"), ("&get_conn", None)])
async def test_a_sigil_may_stand_before_a_name_without_its_package(demo: Editor, query: str, name: str | None) -> None:
    names = [one.name for one in await _find(demo, query)]
    assert names == [name or "Courier::HTTP::get_connection"]


async def test_an_address_leads_to_the_report_of_its_sv(demo: Editor) -> None:
    address = (await demo.request("pmat/leaks", {}))["findings"][0]["addresses"][0]
    (found,) = await _find(demo, address.upper().replace("X", "x"))
    assert found.location.uri == f"pmat:/sv/{address}.md"
    assert "Courier::Connection" in found.name
    assert await _find(demo, "0x1") == []


async def test_nothing_is_found_by_an_empty_query_or_one_that_nothing_has(demo: Editor) -> None:
    assert await _find(demo, "") == []
    assert await _find(demo, "\x00 no such name") == []
    assert len(await _find(demo, "e")) == 200
