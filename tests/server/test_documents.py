"""Reports over the real server: as documents of their own, as files, with links that lead somewhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import pytest_asyncio
from lsprotocol import types
from markdown_it import MarkdownIt
from pygls.exceptions import JsonRpcException

from tests.server.editor import Editor, demo_workspace, editor, full_capabilities

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONTENT = types.WORKSPACE_TEXT_DOCUMENT_CONTENT
HTTP = "lib/Courier/HTTP.pm"


def _capabilities(*, texts: bool, shows: bool = True) -> types.ClientCapabilities:
    capabilities = full_capabilities()
    assert capabilities.workspace is not None
    assert capabilities.window is not None
    capabilities.workspace.text_document_content = (
        types.TextDocumentContentClientCapabilities(dynamic_registration=True) if texts else None
    )
    capabilities.window.show_document = types.ShowDocumentClientCapabilities(support=shows)
    return capabilities


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """A client that asks for documents that are no files."""
    workspace = demo_workspace(tmp_path_factory.mktemp("demo") / "courier")
    async with editor(workspace, _capabilities(texts=True)) as shown:
        await shown.until_loaded()
        yield shown


async def _text(shown: Editor, uri: str) -> str:
    return str((await shown.request(CONTENT, types.TextDocumentContentParams(uri))).text)


def _links(markdown: str) -> list[tuple[str, str]]:
    """(the words, the target) of every link, as a Markdown parser reads them."""
    found = []
    parser = MarkdownIt("commonmark").enable("table")
    # It drops links to files unless it is told that they are meant.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    for token in parser.parse(markdown):
        parts = token.children or []
        for at, part in enumerate(parts):
            if part.type == "link_open":
                found.append((parts[at + 1].content, str(part.attrs["href"])))
    return found


async def _address(shown: Editor) -> str:
    return str((await shown.request("pmat/leaks", {}))["findings"][0]["addresses"][0])


async def test_the_client_is_asked_to_come_for_the_documents_and_their_links(demo: Editor) -> None:
    registered = {one.method: one.register_options for one in demo.registered}
    assert CONTENT in registered
    assert types.TEXT_DOCUMENT_DOCUMENT_LINK in registered


async def test_the_report_of_leaks_links_places_and_addresses(demo: Editor) -> None:
    links = dict(_links(await _text(demo, "pmat:/leaks.md")))
    assert links["HTTP.pm:79"] == demo.uri(HTTP) + "#L79"
    address = await _address(demo)
    assert links[address] == f"pmat:/sv/{address}.md"
    of_sub = dict(_links(await _text(demo, "pmat:/sv/%26Courier::HTTP::get_connection.md")))
    assert of_sub["lib/Courier/HTTP.pm line 68"] == demo.uri(HTTP) + "#L68"
    # As seen from the workspace.
    assert links["lib/Courier/Connection.pm:42"] == demo.uri("lib/Courier/Connection.pm") + "#L42"


@pytest.mark.parametrize("uri", ["pmat:/leaks.md", "pmat:/leaks", "pmat:/run/io.md", "pmat:/run/callers.md"])
async def test_every_link_of_a_report_leads_to_a_document_or_a_file(demo: Editor, uri: str) -> None:
    for _, target in _links(await _text(demo, uri))[:30]:
        parts = urlsplit(target)
        if parts.scheme == "file":
            assert Path(unquote(parts.path)).is_file()
            assert re.fullmatch(r"L[1-9]\d*", parts.fragment)
        else:
            assert await _text(demo, target)


async def test_the_report_of_an_sv_has_every_address_as_a_link(demo: Editor) -> None:
    address = await _address(demo)
    text = await _text(demo, f"pmat:/sv/{address}.md")
    links = _links(text)
    unlinked = re.sub(r"\[[^\]]*\]\([^)]*\)", "", text)
    for question in ("show", "size", "identify"):
        assert f"**`{question} {address}`**" in unlinked
    assert set(re.findall(r"0x[0-9a-f]+", unlinked.replace("**`", "").split("\n\n", 1)[1])) <= {address}
    assert len({target for _, target in links}) > 3


async def test_an_answer_has_the_words_of_its_address_however_a_client_encodes_them(demo: Editor) -> None:
    address = await _address(demo)
    plain = await _text(demo, f"pmat:/run/identify.md?{address} --depth 1")
    assert plain == await _text(demo, f"pmat:/run/identify?{address}%20--depth%201")
    assert plain == await _text(demo, f"pmat:/run/identify.md?{address}%20%2D%2Ddepth%201")


@pytest.mark.parametrize(
    "uri",
    [
        "pmat:/sv/0x1.md",
        "pmat:/leaks/none.md",
        "pmat:/run/nothing.md",
        "pmat:/run/identify.md?%27",
        "pmat:/",
        "pmat:/sv",
        "file:///etc/passwd",
        "pmat:/../../etc/passwd",
    ],
)
async def test_what_is_no_document_is_an_error_for_people(demo: Editor, uri: str) -> None:
    with pytest.raises(JsonRpcException) as raised:
        await _text(demo, uri)
    assert raised.value.code == -32602
    assert raised.value.message


async def test_commands_show_documents_of_our_own(demo: Editor) -> None:
    address = await _address(demo)
    finding = (await demo.request("pmat/leaks", {}))["findings"][0]
    for command, arguments, uri in (
        ("pmat.show", [address], f"pmat:/sv/{address}.md"),
        ("pmat.identify", [address], f"pmat:/run/identify.md?{address}"),
        ("pmat.run", ["count", "--blessed"], "pmat:/run/count.md?--blessed"),
        ("pmat.run", ["count", ["--blessed"]], "pmat:/run/count.md?--blessed"),
        ("pmat.showLeaks", [], "pmat:/leaks.md"),
        ("pmat.showChain", [finding["id"]], finding["document"]),
        ("pmat.showChain", [], finding["document"]),
    ):
        opened = await demo.command(command, *arguments)
        assert (opened["uri"], opened["shown"], opened["text"]) == (uri, True, None)
        assert demo.documents[-1] == uri


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("pmat.show", []),
        ("pmat.show", [7]),
        ("pmat.show", ["0x1"]),
        ("pmat.run", []),
        ("pmat.run", ["identify", 3]),
        ("pmat.showChain", ["none"]),
        ("pmat.compare", []),
        ("pmat.compare", ["one.pmat"]),
    ],
)
async def test_a_command_that_cannot_be_done_says_why(demo: Editor, command: str, arguments: list[object]) -> None:
    before = len(demo.shown)
    assert await demo.command(command, *arguments) is None
    assert len(demo.shown) == before + 1
    assert demo.shown[-1].startswith(f"{command}: ")


async def test_links_jump_where_the_markdown_is_shown_as_it_is_written(demo: Editor) -> None:
    uri = "pmat:/leaks.md"
    text = await _text(demo, uri)
    demo.client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "markdown", 1, text))
    )
    params = types.DocumentLinkParams(types.TextDocumentIdentifier(uri))
    links = await demo.client.text_document_document_link_async(params)
    assert links is not None
    lines = text.split("\n")
    told = [
        (lines[link.range.start.line][link.range.start.character : link.range.end.character], link.target)
        for link in links
    ]
    assert [target for _, target in told] == [target for _, target in _links(text)]
    assert ("HTTP.pm:79", demo.uri(HTTP) + "#L79") in told
    demo.open(HTTP)
    perl = types.DocumentLinkParams(types.TextDocumentIdentifier(demo.uri(HTTP)))
    assert not await demo.client.text_document_document_link_async(perl)


async def test_a_client_without_such_documents_is_shown_files_that_vanish_with_the_server(tmp_path: Path) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    async with editor(workspace, _capabilities(texts=False)) as shown:
        await shown.until_loaded()
        opened = await shown.command("pmat.showLeaks")
        path = Path(unquote(urlsplit(opened["uri"]).path))
        assert shown.documents == [path.as_uri()]
        assert path.parent.stat().st_mode & 0o77 == 0
        text = path.read_text()
        assert "container-capture" in text
        shown.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(path.as_uri(), "markdown", 1, text))
        )
        params = types.DocumentLinkParams(types.TextDocumentIdentifier(path.as_uri()))
        links = await shown.client.text_document_document_link_async(params)
        address = next(link for link in links or () if link.target is None and "/sv/" in str(link.data))
        resolved = await shown.client.document_link_resolve_async(address)
        assert resolved.target is not None
        assert "refcount" in Path(unquote(urlsplit(resolved.target).path)).read_text()
    assert not path.parent.exists()


async def test_a_client_that_shows_nothing_gets_the_text(tmp_path: Path) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    async with editor(workspace, _capabilities(texts=False, shows=False)) as shown:
        await shown.until_loaded()
        opened = await shown.command("pmat.run", "summary")
        assert opened["shown"] is False
        assert "summary" in opened["text"]
        assert shown.documents == []


async def test_the_open_dump_is_compared_with_the_one_before_it(tmp_path: Path) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    older = workspace / "older.pmat"
    shutil.copy(workspace / "courier.pmat", older)
    async with editor(workspace, _capabilities(texts=False), options={"dump": str(older)}) as shown:
        await shown.until_loaded()
        assert await shown.command("pmat.load", "courier.pmat") is True
        opened = await shown.command("pmat.compare")
        assert opened is not None, shown.shown
        text = Path(unquote(urlsplit(opened["uri"]).path)).read_text()
        assert "older.pmat" in text
        assert "courier.pmat" in text
        assert (await shown.request("pmat/leaks", {}))["dump"]["previous"] == older.as_uri()
