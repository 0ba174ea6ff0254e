"""Hovers tell what the heap has: why a sub is alive, classes, globals, handles, keys; and are silent elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from lsprotocol import types

from pmat_lsp.session import Dump, Settings, open_dump
from tests.server.editor import Editor, demo_workspace, editor, full_capabilities, hover_text, own_workspace

pytestmark = pytest.mark.asyncio(loop_scope="module")
HTTP = "lib/Courier/HTTP.pm"
CONNECTION = "lib/Courier/Connection.pm"
APP = "app.pl"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    workspace = demo_workspace(tmp_path_factory.mktemp("hover") / "courier")
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        yield shown


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Dump:
    workspace = demo_workspace(tmp_path_factory.mktemp("dump") / "courier")
    return open_dump(workspace / "courier.pmat", Settings())


async def _hover(shown: Editor, name: str, line: str, word: str) -> str | None:
    """The hover on a word of the first line of a file that has `line`."""
    lines = (shown.workspace / name).read_text().split("\n")
    number = next(number for number, text in enumerate(lines) if line in text)
    found = await shown.hover(name, number, lines[number].index(word) + 1)
    return None if found is None else hover_text(found)


async def test_a_leaked_sub_is_lost_and_tells_what_its_islands_retain(demo: Editor) -> None:
    text = await _hover(demo, HTTP, "on_closed => sub {", "sub {")
    assert text is not None
    assert "refcount 1 in all 59" in text
    assert "lost: no root leads to any" in text


async def test_a_sub_that_lives_tells_the_shortest_way_from_a_root(demo: Editor) -> None:
    text = await _hover(demo, CONNECTION, "// sub { };", "sub {")
    assert text is not None
    assert "kept alive by `&Courier::Connection::new` → `a sub inside it`" in text
    assert "none leaked" in text


async def test_a_class_tells_its_objects_as_a_count_of_the_heap_has_them(demo: Editor, dump: Dump) -> None:
    heap = dump.heap
    objects = [sv for sv in range(heap.n) if heap.class_of(sv) == "Courier::Connection"]
    for name, line in ((CONNECTION, "package Courier::Connection"), (HTTP, "Courier::Connection->new(")):
        text = await _hover(demo, name, line, "Courier")
        assert text is not None
        leaked = sum(bool(dump.ownership.proven[sv]) for sv in objects)
        assert f"{len(objects)} objects, **{leaked} leaked**" in text
        address = re.search(r"0x[0-9a-f]+", text)
        assert address is not None
        assert heap.id_at(int(address.group(), 16)) in objects


async def test_a_key_on_the_chain_tells_the_chain_with_links_to_its_places(demo: Editor) -> None:
    text = await _hover(demo, HTTP, "on_closed => sub {", "on_closed")
    assert text is not None
    assert text.startswith("**`{on_closed}`** of `Courier::Connection`: on the chain of a leak")
    assert f"[HTTP.pm:79]({demo.uri(HTTP)}#L79)" in text
    assert f"[Connection.pm:42]({demo.uri(CONNECTION)}#L42)" in text
    assert await _hover(demo, HTTP, "host      => $host", "host") is None


async def test_a_lexical_of_the_program_tells_the_number_of_its_open_handle(demo: Editor, dump: Dump) -> None:
    text = await _hover(demo, APP, "my $heap;", "$heap")
    assert text is not None
    number = re.search(r"open as file number (\d+)", text)
    assert number is not None
    assert int(number.group(1)) in dump.heap.ios.ofileno.tolist()


async def test_a_package_variable_is_found_by_its_package(demo: Editor) -> None:
    text = await _hover(demo, HTTP, "our $VERSION", "$VERSION")
    assert text is not None
    assert text.startswith("**`$Courier::HTTP::VERSION`**")
    assert "`'1.02'`" in text


async def test_a_sub_with_a_name_is_kept_by_it(demo: Editor, dump: Dump) -> None:
    text = await _hover(demo, HTTP, "sub get_connection", "sub")
    assert text is not None
    assert "kept alive by `&Courier::HTTP::get_connection`" in text
    code = dump.find_sv(re.findall(r"at (0x[0-9a-f]+)", text)[0])
    assert dump.find_sv("&Courier::HTTP::get_connection") == code


async def test_holders_are_links_to_their_lines(demo: Editor) -> None:
    text = await _hover(demo, HTTP, "on_closed => sub {", "sub {")
    assert text is not None
    link = f"[lib/Courier/Connection.pm:43]({demo.uri(CONNECTION)}#L43)"
    assert f"held by `$on_closed of the closure at` {link} (59×)" in text


async def test_a_value_that_is_a_sub_is_a_link_to_its_line(tmp_path: Path) -> None:
    workspace = own_workspace(tmp_path / "pair", "recursive_pair")
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        text = await _hover(shown, "recursive_pair.pl", "$odd->(", "$odd")
        assert text is not None
        uri = shown.uri("recursive_pair.pl")
        assert f"`the closure at` [recursive_pair.pl:11]({uri}#L11) in all 7" in text
        assert f"; declared at [recursive_pair.pl:9]({uri}#L9)" in text


@pytest.mark.parametrize(("texts", "commands"), [(False, False), (True, False), (False, True), (True, True)])
async def test_addresses_are_links_for_clients_that_can_follow_them(
    tmp_path: Path, texts: bool, commands: bool
) -> None:
    capabilities = full_capabilities()
    assert capabilities.workspace is not None
    contents = types.TextDocumentContentClientCapabilities(dynamic_registration=True)
    capabilities.workspace.text_document_content = contents if texts else None
    options = {"client": {"commandLinks": commands}}
    async with editor(demo_workspace(tmp_path / "courier"), capabilities, options=options) as shown:
        await shown.until_loaded()
        text = await _hover(shown, HTTP, "Courier::Connection->new(", "Courier")
        assert text is not None
        address = re.findall(r"0x[0-9a-f]+", text)[0]
        links = dict(re.findall(r"\[(0x[0-9a-f]+)\]\(([^)]*)\)", text))
        document = {address: f"pmat:/sv/{address}.md"} if texts else {}
        command = {address: "command:pmat.show?" + quote(json.dumps([address]), safe="")}
        assert links == (command if commands else document)


async def test_what_the_heap_knows_nothing_of_has_no_hover(demo: Editor) -> None:
    assert await _hover(demo, HTTP, "use 5.014", "5.014") is None
    assert await _hover(demo, HTTP, "use warnings", "warnings") is None
    assert await _hover(demo, HTTP, "return $conn unless", "return") is None


async def test_a_handle_without_a_sigil_tells_its_number(demo: Editor) -> None:
    text = "package Other;\nprint STDERR 'x';\nprint NOWHERE 'x';\n"
    Path(demo.workspace / "other.pl").write_text(text)
    found = hover_text(await demo.hover("other.pl", 1, 8))
    assert found.startswith("**`*STDERR`**")
    assert "open as file number 2" in found
    assert await demo.hover("other.pl", 2, 8) is None
