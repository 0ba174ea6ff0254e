"""Definition, references, highlights, hierarchies, lenses and hints answer with heap facts, and only with these."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types

from pmat_lsp.session import Dump, Settings, open_dump
from tests.server.editor import Editor, demo_workspace, editor, full_capabilities, hover_text

pytestmark = pytest.mark.asyncio(loop_scope="module")
HTTP = "lib/Courier/HTTP.pm"
CONNECTION = "lib/Courier/Connection.pm"
SHOWN = {"codeLens": {"enable": True}, "inlayHints": {"enable": True}}
# 0-based lines
DECLARATION, CLOSURE, USE = 69, 78, 81
STORED, INNER = 41, 45


def _capabilities() -> types.ClientCapabilities:
    """With what VS Code has announced since those were recorded."""
    capabilities = full_capabilities()
    assert capabilities.text_document is not None
    capabilities.text_document.inlay_hint = types.InlayHintClientCapabilities()
    capabilities.text_document.type_hierarchy = types.TypeHierarchyClientCapabilities()
    return capabilities


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    workspace = demo_workspace(tmp_path_factory.mktemp("reading") / "courier")
    async with editor(workspace, _capabilities(), options=SHOWN, configuration={"pmat": SHOWN}) as shown:
        await shown.until_loaded()
        yield shown


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Dump:
    workspace = demo_workspace(tmp_path_factory.mktemp("dump") / "courier")
    return open_dump(workspace / "courier.pmat", Settings())


def _document(shown: Editor, name: str) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(shown.uri(name))


async def _references(shown: Editor, name: str, line: int, column: int, declared: bool = False) -> list[Any] | None:
    params = types.ReferenceParams(
        types.ReferenceContext(declared), _document(shown, name), types.Position(line, column)
    )
    found = await shown.client.text_document_references_async(params)
    return None if found is None else [(one.uri, one.range.start.line) for one in found]


async def test_references_of_a_captured_lexical_are_the_closures_that_captured_it(demo: Editor) -> None:
    closure = (demo.uri(HTTP), CLOSURE)
    assert await _references(demo, HTTP, USE, 15) == [closure]
    assert await _references(demo, HTTP, DECLARATION, 9, declared=True) == [(demo.uri(HTTP), DECLARATION), closure]


async def test_references_of_a_leaked_sub_are_the_places_that_hold_it(demo: Editor) -> None:
    assert await _references(demo, HTTP, CLOSURE, 22) == [(demo.uri(CONNECTION), INNER)]
    assert await _references(demo, CONNECTION, STORED, 22) == [(demo.uri(CONNECTION), STORED)]


async def test_references_of_what_does_not_leak_are_left_to_other_servers(demo: Editor) -> None:
    assert await _references(demo, HTTP, 36, 5) is None
    assert await _references(demo, HTTP, 66, 12) is None


async def test_the_definition_of_a_key_of_the_chain_is_where_it_is_stored(demo: Editor) -> None:
    (line,) = [
        number
        for number, text in enumerate((demo.workspace / CONNECTION).read_text().split("\n"))
        if "$self->{on_closed}->($self)" in text
    ]
    found = await demo.definition(CONNECTION, line, 24)
    assert (found.uri, found.range.start.line) == (demo.uri(CONNECTION), STORED)
    assert await demo.definition(CONNECTION, STORED, 10) is None


async def test_highlight_marks_the_whole_chain_from_any_of_its_places_and_nothing_elsewhere(demo: Editor) -> None:
    async def lines(line: int, column: int) -> list[int] | None:
        params = types.DocumentHighlightParams(_document(demo, HTTP), types.Position(line, column))
        found = await demo.client.text_document_document_highlight_async(params)
        return None if found is None else [one.range.start.line for one in found]

    assert await lines(CLOSURE, 22) == await lines(USE, 15) == [DECLARATION, CLOSURE, USE]
    assert await lines(36, 5) is None


async def test_the_call_hierarchy_is_the_reference_graph_and_says_so(demo: Editor) -> None:
    at = types.CallHierarchyPrepareParams(_document(demo, HTTP), types.Position(CLOSURE, 22))
    items = await demo.client.text_document_prepare_call_hierarchy_async(at)
    assert items is not None
    (item,) = items
    assert item.name.startswith("heap: ")
    assert item.detail == "59 live, 59 leaked; incoming: who holds it, outgoing: what it captures"
    incoming = await demo.client.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(item))
    assert incoming is not None
    (holder,) = incoming
    assert holder.from_.detail == "holds it as $on_closed (59×)"
    assert (holder.from_.uri, holder.from_.range.start.line) == (demo.uri(CONNECTION), INNER)
    above = await demo.client.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(holder.from_))
    assert above is not None
    assert [one.from_.name for one in above] == ["heap: Courier::Connection"]
    assert [one.from_.range.start.line for one in above] == [STORED]


async def test_outgoing_calls_are_what_a_sub_captures_strongly(demo: Editor, dump: Dump) -> None:
    at = types.CallHierarchyPrepareParams(_document(demo, HTTP), types.Position(CLOSURE, 22))
    items = await demo.client.text_document_prepare_call_hierarchy_async(at)
    assert items is not None
    outgoing = await demo.client.call_hierarchy_outgoing_calls_async(types.CallHierarchyOutgoingCallsParams(items[0]))
    assert outgoing is not None
    assert all((one.to.detail or "").startswith("held as ") for one in outgoing)
    assert "held as $conns" in [one.to.detail for one in outgoing]


@pytest.mark.parametrize("data", [None, 7, {"dump": "/elsewhere.pmat", "sv": 1}, {"dump": "", "sv": 10**12}])
async def test_an_item_that_the_server_did_not_give_out_leads_nowhere(demo: Editor, data: object) -> None:
    range_ = types.Range(types.Position(0, 0), types.Position(0, 1))
    item = types.CallHierarchyItem("x", types.SymbolKind.Object, demo.uri(HTTP), range_, range_, data=data)
    assert await demo.client.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(item)) is None


async def test_a_named_sub_that_did_not_leak_has_no_hierarchy_of_ours(demo: Editor) -> None:
    at = types.CallHierarchyPrepareParams(_document(demo, HTTP), types.Position(36, 5))
    assert await demo.client.text_document_prepare_call_hierarchy_async(at) is None


async def test_the_type_hierarchy_follows_isa(demo: Editor) -> None:
    (demo.workspace / "uses.pl").write_text("IO::Socket::INET->new;\n")
    at = types.TypeHierarchyPrepareParams(_document(demo, "uses.pl"), types.Position(0, 3))
    items = await demo.client.text_document_prepare_type_hierarchy_async(at)
    assert items is not None
    assert items[0].name == "IO::Socket::INET"
    assert items[0].detail is not None
    assert items[0].detail.startswith("59 objects · 59 leaked · ")
    above = await demo.client.type_hierarchy_supertypes_async(types.TypeHierarchySupertypesParams(items[0]))
    # The file of IO::Socket may not be on this machine; nothing else may come in its place.
    assert [one.name for one in above or ()] in ([], ["IO::Socket"])
    at = types.TypeHierarchyPrepareParams(_document(demo, HTTP), types.Position(36, 5))
    assert await demo.client.text_document_prepare_type_hierarchy_async(at) is None


async def test_code_lenses_count_clones_and_objects(demo: Editor, dump: Dump) -> None:
    found = await demo.client.text_document_code_lens_async(types.CodeLensParams(_document(demo, HTTP)))
    assert found is not None
    titles = {lens.range.start.line: lens.command.title for lens in found if lens.command}
    assert titles[CLOSURE].startswith("59 live · 59 leaked · 1.0 MiB retained")
    assert 36 not in titles
    by_line = {lens.range.start.line: lens.command for lens in found if lens.command}
    command = by_line[CLOSURE]
    assert command.command == "pmat.identify"
    (address,) = command.arguments or ()
    sv = dump.heap.id_at(int(str(address), 16))
    assert dump.ownership.proven[sv]


async def test_inlay_hints_stand_behind_the_word_sub_within_the_lines_asked_for(demo: Editor) -> None:
    async def hints(first: int, last: int) -> list[Any]:
        range_ = types.Range(types.Position(first, 0), types.Position(last, 0))
        params = types.InlayHintParams(_document(demo, HTTP), range_)
        return list(await demo.client.text_document_inlay_hint_async(params) or ())

    (hint,) = await hints(CLOSURE, CLOSURE)
    assert (hint.position.line, hint.position.character) == (CLOSURE, 24)
    assert hint.label.startswith("59 live · 59 leaked")
    assert await hints(CLOSURE + 1, CLOSURE + 2) == []


async def test_lenses_and_hints_are_off_unless_they_are_switched_on(tmp_path: Path) -> None:
    async with editor(demo_workspace(tmp_path / "courier"), full_capabilities()) as shown:
        await shown.until_loaded()
        assert await shown.client.text_document_code_lens_async(types.CodeLensParams(_document(shown, HTTP))) is None


async def test_only_what_the_client_announces_is_registered(tmp_path: Path) -> None:
    async with editor(demo_workspace(tmp_path / "courier"), types.ClientCapabilities()) as shown:
        await shown.until_loaded()
        with pytest.raises(Exception, match=r"(?i)not found"):
            await asyncio.wait_for(_references(shown, HTTP, USE, 15), 10)


async def test_a_client_is_asked_to_draw_again_when_a_dump_was_loaded(tmp_path: Path) -> None:
    capabilities = full_capabilities()
    assert capabilities.workspace is not None
    capabilities.workspace.code_lens = types.CodeLensWorkspaceClientCapabilities(refresh_support=True)
    async with editor(
        demo_workspace(tmp_path / "courier"), capabilities, options=SHOWN, configuration={"pmat": SHOWN}
    ) as shown:
        asked: list[str] = []
        shown.client.protocol.fm.features[types.WORKSPACE_CODE_LENS_REFRESH] = lambda *_: asked.append("lens")
        await shown.until(lambda: bool(asked), "no refresh")


async def test_columns_are_right_behind_wide_characters_and_tabs_and_with_crlf(demo: Editor) -> None:
    text = (demo.workspace / HTTP).read_text()
    changed = text.replace("        on_closed => sub {", "\tmore => '\N{GRINNING FACE}é', on_closed => sub {", 1)
    shown = demo.open(HTTP, changed.replace("\n", "\r\n"))
    try:
        line = shown.split("\r\n")[CLOSURE]
        column = len(line[: line.index("sub {")].encode("utf-16-le")) // 2
        hover = await demo.hover(HTTP, CLOSURE, column + 1)
        assert "59 leaked" in hover_text(hover)
        assert hover is not None
        assert hover.range == types.Range(types.Position(CLOSURE, column), types.Position(CLOSURE, column + 3))
        assert await _references(demo, HTTP, USE, 15) == [(demo.uri(HTTP), CLOSURE)]
    finally:
        demo.close(HTTP)


async def test_the_settings_are_written_down() -> None:
    docs = (Path(__file__).parent.parent.parent / "docs" / "settings.md").read_text()
    for name in SHOWN:
        assert f"`pmat.{name}.enable`" in docs, json.dumps(name)
