"""Clients differ: in what they announce, in how they count columns, in how they tell settings and changes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from lsprotocol import types

from tests.server.editor import (
    DEMO,
    LONGEST_WAIT,
    SERVER,
    Editor,
    demo_workspace,
    editor,
    full_capabilities,
    hover_text,
)

pytestmark = pytest.mark.asyncio
HTTP = "lib/Courier/HTTP.pm"
LEAKED = 78
BARE = types.ClientCapabilities()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return demo_workspace(tmp_path / "courier")


def _watching() -> types.ClientCapabilities:
    capabilities = full_capabilities()
    assert capabilities.workspace is not None
    files = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    capabilities.workspace.did_change_watched_files = files
    return capabilities


def _changed(shown: Editor, path: Path) -> None:
    event = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
    shown.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))


def _break(path: Path) -> None:
    """A dump that was cut off while it was written, newer than all others."""
    path.write_bytes(path.read_bytes()[:1_000_000] if path.exists() else b"PMAT\x00\x00\x05")
    later = path.stat().st_mtime_ns + 60_000_000_000
    os.utime(path, ns=(later, later))


async def test_a_bare_client_gets_the_chain_in_the_message_and_plain_hovers(workspace: Path) -> None:
    async with editor(workspace, BARE) as shown:
        await shown.until_loaded()
        await shown.until(lambda: shown.leak(HTTP) is not None, "no diagnostic")
        leak = shown.leak(HTTP)
        assert leak is not None
        assert (leak.related_information, leak.data) == (None, None)
        assert "{on_closed} → $on_closed → $conns->[0]" in leak.message
        assert (shown.client.progress_reports, shown.registered) == ({}, [])
        shown.open(HTTP)
        hover = await shown.hover(HTTP, LEAKED, 22)
        text = hover_text(hover)
        assert hover is not None
        assert isinstance(hover.contents, types.MarkupContent)
        assert hover.contents.kind == types.MarkupKind.PlainText
        assert text.startswith("sub { … } in Courier::HTTP::get_connection: 59 live, 59 leaked, 18.2 KiB retained each")
        assert "`" not in text
        assert "**" not in text
        assert all(publication.version is None for publication in shown.publications)


async def test_a_client_without_folders_loads_the_dump_of_its_options(workspace: Path) -> None:
    options = {"dump": str(workspace / "courier.pmat"), "sourceRoots": [str(workspace)]}
    async with editor(workspace, BARE, options=options, folders=False) as shown:
        await shown.until_loaded()
        assert shown.leak(HTTP) is not None


async def test_without_any_dump_the_log_says_how_to_make_one(workspace: Path) -> None:
    (workspace / "courier.pmat").unlink()
    async with editor(workspace, BARE) as shown:
        await shown.until(lambda: any(line.startswith("no dump found") for line in shown.log), "nothing was said")
        shown.open(HTTP)
        assert await shown.hover(HTTP, LEAKED, 22) is None
        assert await shown.definition(HTTP, 81, 15) is None
        assert shown.shown == []


@pytest.mark.parametrize(
    ("encoding", "width"),
    [
        (types.PositionEncodingKind.Utf8, 4),
        (types.PositionEncodingKind.Utf16, 2),
        (types.PositionEncodingKind.Utf32, 1),
    ],
)
async def test_columns_are_counted_as_agreed_behind_characters_outside_the_basic_plane(
    workspace: Path, encoding: types.PositionEncodingKind, width: int
) -> None:
    async with editor(workspace, full_capabilities(encoding)) as shown:
        await shown.until_loaded()
        text = (workspace / HTTP).read_text()
        shown.open(
            HTTP, text.replace("        on_closed => sub {", "'\N{POSTAL HORN}\N{POSTAL HORN}', on_closed => sub {")
        )
        start = len("'', on_closed => ") + 2 * width
        await shown.until(
            lambda: (leak := shown.leak(HTTP)) is not None and leak.range.start.character == start, "another column"
        )
        leak = shown.leak(HTTP)
        assert leak is not None
        assert leak.range == types.Range(types.Position(LEAKED, start), types.Position(LEAKED, start + 3))
        hover = await shown.hover(HTTP, LEAKED, start + 1)
        assert hover is not None
        assert hover.range == leak.range
        key = await shown.hover(HTTP, LEAKED, start - 8)
        assert key is not None
        assert key.range == types.Range(types.Position(LEAKED, start - 13), types.Position(LEAKED, start - 4))
        assert await shown.hover(HTTP, LEAKED, start - 14) is None


async def test_the_configuration_goes_before_the_options_and_changes_live(workspace: Path) -> None:
    options = {"pmat": {"diagnostics": {"severity": "hint"}, "sourceRoots": 7}}
    section = {"diagnostics": {"severity": "error"}}
    async with editor(workspace, full_capabilities(), options=options, configuration={"pmat": section}) as shown:
        await shown.until_loaded()
        assert "pmat.sourceRoots must be a list of folders" in shown.log
        assert [one.severity for one in shown.diagnostics(HTTP)][:1] == [types.DiagnosticSeverity.Error]
        shown.client.set_configuration({"pmat": {"diagnostics": {"severity": "information"}}})
        shown.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
        wanted = types.DiagnosticSeverity.Information
        await shown.until(lambda: (leak := shown.leak(HTTP)) is not None and leak.severity == wanted, "not changed")
        assert len([line for line in shown.log if "checked" in line]) == 1


async def test_settings_that_are_pushed_are_taken_from_clients_that_cannot_be_asked(workspace: Path) -> None:
    other = workspace / "elsewhere"
    other.mkdir()
    (workspace / "courier.pmat").rename(other / "the.pmat")
    (workspace / "old.pmat").write_bytes(b"nothing")
    async with editor(workspace, BARE) as shown:
        await shown.until(lambda: shown.leak(HTTP) is not None or bool(shown.shown), "nothing happened")
        settings = {"pmat": {"dump": "elsewhere/the.pmat"}}
        shown.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=settings))
        await shown.until_loaded()
        assert shown.leak(HTTP) is not None


async def test_a_compressed_dump_is_found_too(workspace: Path) -> None:
    (workspace / "courier.pmat").unlink()
    shutil.copy(DEMO / "courier.pmat.xz", workspace / "courier.pmat.xz")
    async with editor(workspace, BARE) as shown:
        await shown.until_loaded()
        assert shown.leak(HTTP) is not None


async def test_a_broken_new_dump_keeps_the_marks_and_shows_one_message(workspace: Path) -> None:
    async with editor(workspace, _watching()) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        broken = workspace / "newer.pmat"
        shutil.copy(workspace / "courier.pmat", broken)
        _break(broken)
        for _ in range(3):
            _changed(shown, broken)
        await shown.until(lambda: bool(shown.shown), "nothing was said")
        _changed(shown, broken)
        hover = hover_text(await shown.hover(HTTP, LEAKED, 22))
        assert "59 leaked" in hover
        assert len(shown.shown) == 1
        assert "newer.pmat" in shown.shown[0]
        assert "truncated" in shown.shown[0]
        assert shown.leak(HTTP) is not None


async def test_the_name_of_a_dump_is_no_link_while_it_is_read_nor_where_that_fails(workspace: Path) -> None:
    dump = workspace / "courier.pmat"
    linked = dump.rename(dump.with_name("[Fix](command:noop).pmat"))
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        _break(linked)
        await shown.command("pmat.load", linked.name)
        said = [*shown.shown, *map(str, shown.client.progress_reports.values())]
        assert sum("[Fix] (command:noop).pmat" in one for one in said) == 3
        assert not any("](" in one for one in said)


async def test_a_client_that_watches_is_asked_to_and_tells_of_a_new_dump(workspace: Path) -> None:
    dump = (workspace / "courier.pmat").read_bytes()
    (workspace / "courier.pmat").unlink()
    async with editor(workspace, _watching()) as shown:
        await shown.until(lambda: any(line.startswith("no dump found") for line in shown.log), "nothing was said")
        assert types.WORKSPACE_DID_CHANGE_WATCHED_FILES in [one.method for one in shown.registered]
        (workspace / "deep" / "er").mkdir(parents=True)
        new = workspace / "deep" / "er" / "app.pmat"
        new.write_bytes(dump)
        _changed(shown, new)
        await shown.until_loaded()
        assert shown.leak(HTTP) is not None


async def test_without_a_watching_client_the_server_sees_a_new_dump_by_itself(workspace: Path) -> None:
    dump = (workspace / "courier.pmat").read_bytes()
    (workspace / "courier.pmat").unlink()
    async with editor(workspace, BARE) as shown:
        await shown.until(lambda: any(line.startswith("no dump found") for line in shown.log), "nothing was said")
        (workspace / "app.pmat").write_bytes(dump)
        await shown.until_loaded()
        assert shown.leak(HTTP) is not None


async def test_a_dump_that_vanishes_keeps_its_marks(workspace: Path) -> None:
    async with editor(workspace, _watching()) as shown:
        await shown.until_loaded()
        (workspace / "courier.pmat").unlink()
        event = types.FileEvent((workspace / "courier.pmat").as_uri(), types.FileChangeType.Deleted)
        shown.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        shown.open(HTTP)
        assert "59 leaked" in hover_text(await shown.hover(HTTP, LEAKED, 22))
        assert shown.leak(HTTP) is not None


async def test_sources_that_are_not_found_are_told_in_the_log(workspace: Path) -> None:
    shutil.rmtree(workspace / "lib")
    async with editor(workspace, BARE) as shown:
        await shown.until_loaded()
        await shown.until(lambda: any("lib/Courier/HTTP.pm" in line for line in shown.log), "the log is silent")
        assert any("no place in the source" in line for line in shown.log)
        assert shown.publications == []


async def test_a_client_that_vanishes_while_the_dump_is_loaded_leaves_no_trace(workspace: Path) -> None:
    server = await asyncio.create_subprocess_exec(*SERVER, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    params: dict[str, object] = {"processId": None, "capabilities": {}, "rootUri": workspace.as_uri()}
    server.stdin.write(_message({"id": 1, "method": "initialize", "params": params}))
    server.stdin.write(_message({"method": "initialized", "params": {}}))
    await server.stdout.readline()
    server.stdin.close()
    _, errors = await asyncio.wait_for(server.communicate(), LONGEST_WAIT)
    assert (errors.decode(), server.returncode) == ("", 0)


def _message(message: dict[str, object]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
