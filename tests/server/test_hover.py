"""Hovers tell what the heap has: why a sub is alive, classes, globals, handles, keys; and are silent elsewhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from pmat_lsp.session import Dump, Settings, open_dump
from tests.server.editor import Editor, demo_workspace, editor, full_capabilities, hover_text

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


async def test_a_client_with_links_to_commands_is_offered_what_else_can_be_asked(tmp_path: Path) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    async with editor(workspace, full_capabilities(), options={"client": {"commandLinks": True}}) as shown:
        await shown.until_loaded()
        text = await _hover(shown, HTTP, "on_closed => sub {", "sub {")
        assert text is not None
        commands = re.findall(r"\[([^\]]+)\]\(command:(pmat\.\w+)\?", text)
        assert commands == [
            ("who holds it", "pmat.identify"),
            ("all about it", "pmat.show"),
            ("the chain", "pmat.showChain"),
        ]
        assert "command:" in (await _hover(shown, HTTP, "Courier::Connection->new(", "Courier") or "")


async def test_a_client_without_links_to_commands_has_none(demo: Editor) -> None:
    assert "command:" not in (await _hover(demo, HTTP, "on_closed => sub {", "sub {") or "command:")
