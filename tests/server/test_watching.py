"""The disk is followed: new dumps, dumps that are still being written, sources that change while they are closed."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.server.editor import SERVER, Editor, demo_workspace, editor, full_capabilities, hover_text

pytestmark = pytest.mark.asyncio
BARE = types.ClientCapabilities()
OPTIONS: dict[str, Any] = {"client": {"changed": True}}
HTTP = "lib/Courier/HTTP.pm"
LEAKED = 78
POLLING = (
    sys.executable,
    "-c",
    "import sys; sys.modules['watchfiles'] = None; from pmat_lsp.cli.main import main; sys.exit(main(['serve']))",
)
"""A server on a platform for which there is no watchfiles."""
RECURSIVE = (
    sys.executable,
    "-c",
    "from pmat_lsp.server import disk; disk.RECURSIVE = True; "
    "import sys; from pmat_lsp.cli.main import main; sys.exit(main(['serve']))",
)
"""A server that watches whole trees, as on other systems than Linux."""
SERVERS = pytest.mark.parametrize(
    "server",
    [
        pytest.param(SERVER, id="watching"),
        pytest.param(RECURSIVE, id="recursive"),
        pytest.param(POLLING, id="polling"),
    ],
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return demo_workspace(tmp_path / "courier")


def _tell(shown: Editor, path: Path, kind: types.FileChangeType = types.FileChangeType.Changed) -> None:
    """As a client that watches files does."""
    params = types.DidChangeWatchedFilesParams([types.FileEvent(path.as_uri(), kind)])
    shown.client.workspace_did_change_watched_files(params)


def _line(shown: Editor, name: str = HTTP) -> int | None:
    leak = shown.leak(name)
    return leak.range.start.line if leak else None


async def _until_line(shown: Editor, line: int | None) -> None:
    await shown.until(lambda: _line(shown) == line, f"the mark is not on line {line}")


async def _until_front(shown: Editor, path: Path) -> None:
    await shown.until(
        lambda: [(one["state"], one["dump"]) for one in shown.changes][-1:] == [("ready", path.as_uri())],
        f"{path.name} is not in front",
    )


@SERVERS
async def test_the_server_sees_a_new_dump_in_the_workspace_by_itself(workspace: Path, server: tuple[str, ...]) -> None:
    async with editor(workspace, BARE, options=OPTIONS, server=server) as shown:
        await shown.until_loaded()
        shutil.copy(workspace / "courier.pmat", workspace / "newer.pmat")
        await _until_front(shown, workspace / "newer.pmat")


@pytest.mark.parametrize("server", [SERVER, RECURSIVE], ids=["watching", "recursive"])
async def test_the_server_sees_a_new_dump_in_a_folder_that_is_made_for_it(
    workspace: Path, server: tuple[str, ...]
) -> None:
    async with editor(workspace, BARE, options=OPTIONS, server=server) as shown:
        await shown.until_loaded()
        new = workspace / "logs" / "today" / "app.pmat"
        new.parent.mkdir(parents=True)
        shutil.copy(workspace / "courier.pmat", new)
        await _until_front(shown, new)


@SERVERS
@pytest.mark.parametrize("capabilities", [BARE, full_capabilities()], ids=["bare", "watching-client"])
async def test_a_folder_outside_of_the_workspace_is_followed_for_every_client(
    workspace: Path, tmp_path: Path, server: tuple[str, ...], capabilities: types.ClientCapabilities
) -> None:
    outside = tmp_path / "dumps"
    outside.mkdir()
    shutil.move(workspace / "courier.pmat", outside / "first.pmat")
    options = OPTIONS | {"pmat": {"dumps": [f"{outside}/*.pmat"]}}
    async with editor(workspace, capabilities, options=options, server=server) as shown:
        await shown.until_loaded()
        shutil.copy(outside / "first.pmat", outside / "second.pmat")
        await _until_front(shown, outside / "second.pmat")


async def test_a_folder_that_does_not_exist_yet_is_followed_when_it_does(workspace: Path, tmp_path: Path) -> None:
    options = OPTIONS | {"pmat": {"dumps": [f"{tmp_path}/var/dumps/*.pmat"]}}
    async with editor(workspace, BARE, options=options) as shown:
        await shown.until(lambda: any(line.startswith("no dump found") for line in shown.log), "nothing was said")
        new = tmp_path / "var" / "dumps" / "app.pmat"
        new.parent.mkdir(parents=True)
        shutil.copy(workspace / "courier.pmat", new)
        await _until_front(shown, new)


@SERVERS
async def test_a_dump_that_is_still_being_written_is_read_when_it_is_whole(
    workspace: Path, server: tuple[str, ...]
) -> None:
    whole = (workspace / "courier.pmat").read_bytes()
    (workspace / "courier.pmat").unlink()
    async with editor(workspace, BARE, options=OPTIONS, server=server) as shown:
        await shown.until(lambda: any(line.startswith("no dump found") for line in shown.log), "nothing was said")
        with (workspace / "app.pmat").open("wb", buffering=0) as file:
            step = len(whole) // 20 + 1
            for start in range(0, len(whole), step):
                file.write(whole[start : start + step])
                await asyncio.sleep(0.15)
        await _until_front(shown, workspace / "app.pmat")
        assert [change["state"] for change in shown.changes if change["state"] == "failed"] == []
        assert shown.shown == []


async def test_a_dump_that_grows_while_it_is_read_is_not_called_broken(workspace: Path) -> None:
    whole = (workspace / "courier.pmat").read_bytes()
    growing = workspace / "growing.heap"
    growing.write_bytes(whole[: len(whole) // 2])
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        asked = asyncio.ensure_future(shown.command("pmat.load", str(growing)))
        await shown.until(lambda: shown.changes[-1]["dump"] == growing.as_uri(), "it is not being read")
        growing.write_bytes(whole)
        assert await asked is True
        assert shown.shown == []


async def test_an_older_dump_never_takes_the_place_of_a_newer_one_that_vanished(workspace: Path) -> None:
    shutil.copy(workspace / "courier.pmat", workspace / "newer.pmat")
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        (workspace / "newer.pmat").unlink()
        _tell(shown, workspace / "newer.pmat", types.FileChangeType.Deleted)
        await shown.until(lambda: len(shown.changes) >= 3, "the choice did not change")
        told = await shown.request("pmat/leaks", {})
        assert [(one["name"], one["open"], one["front"]) for one in told["dumps"]] == [
            ("newer.pmat", True, True),
            ("courier.pmat", False, False),
        ]


async def test_a_new_dump_is_offered_where_the_user_has_chosen_another(workspace: Path) -> None:
    async with editor(workspace, BARE, options=OPTIONS) as shown:
        await shown.until_loaded()
        await shown.command("pmat.load", "courier.pmat")
        told = len(shown.changes)
        shutil.copy(workspace / "courier.pmat", workspace / "newer.pmat")
        await shown.until(lambda: len(shown.changes) > told, "nothing was told")
        answer = await shown.request("pmat/leaks", {})
        assert answer["dump"]["name"] == "courier.pmat"
        assert [one["name"] for one in answer["dumps"]] == ["newer.pmat", "courier.pmat"]


async def test_the_client_is_asked_to_watch_what_the_globs_name_and_again_when_they_change(workspace: Path) -> None:
    async with editor(workspace, full_capabilities(), configuration={"pmat": {"dumps": ["x/*.heap"]}}) as shown:
        await shown.until(lambda: any(line.startswith("no dump found") for line in shown.log), "nothing was said")
        assert "**/*.heap" in _watched(shown)
        # One with a star at its end would be too much for Eglot 1.9.
        assert {"**/*.pmat", "**/*.pmat.*"} <= set(_watched(shown))
        assert any(".pm" in pattern or "pm," in pattern for pattern in _watched(shown))
        shown.client.set_configuration({"pmat": {"dumps": ["x/*.dump"]}})
        shown.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
        await shown.until(lambda: "**/*.dump" in _watched(shown), "it was not asked again")
        assert shown.unregistered == ["pmat-files"]


def _watched(shown: Editor) -> list[str]:
    """The patterns of the last registration."""
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    options: Any = [one.register_options for one in shown.registered if one.method == method][-1]
    return [watcher["globPattern"] for watcher in options["watchers"]]


@SERVERS
async def test_a_source_that_changes_on_disk_while_it_is_closed_moves_its_mark(
    workspace: Path, server: tuple[str, ...]
) -> None:
    source = workspace / HTTP
    async with editor(workspace, BARE, server=server) as shown:
        await shown.until_loaded()
        await _until_line(shown, LEAKED)
        source.write_text("# one\n# two\n" + source.read_text())
        await _until_line(shown, LEAKED + 2)
        leak = shown.leak(HTTP)
        assert leak is not None
        assert (leak.severity, leak.tags) == (types.DiagnosticSeverity.Warning, None)


async def test_a_client_that_watches_tells_of_sources_and_an_unsure_mark_is_greyed(workspace: Path) -> None:
    source = workspace / HTTP
    text = source.read_text()
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        await _until_line(shown, LEAKED)
        source.write_text(text.replace("@$conns = grep { $_ != $conn } @$conns;", ""))
        _tell(shown, source)
        await shown.until(lambda: "the place is a guess" in _message(shown), "the mark is not unsure")
        leak = shown.leak(HTTP)
        assert leak is not None
        assert (leak.severity, *(leak.tags or ())) == (types.DiagnosticSeverity.Hint, types.DiagnosticTag.Unnecessary)
        source.write_text(text)
        _tell(shown, source)
        await shown.until(lambda: "guess" not in _message(shown), "the mark is not certain again")
        assert shown.leak(HTTP) is not None


async def test_a_source_outside_of_the_workspace_is_followed_beside_a_client_that_watches(
    workspace: Path, tmp_path: Path
) -> None:
    lib = tmp_path / "elsewhere"
    shutil.move(workspace / "lib", lib)
    options = {"pmat": {"pathMap": [{"from": "lib", "to": str(lib)}]}}
    async with editor(workspace, full_capabilities(), options=options) as shown:
        await shown.until_loaded()
        source = lib / "Courier" / "HTTP.pm"
        name = str(source)
        await shown.until(lambda: _line(shown, name) == LEAKED, "no mark")
        source.write_text("# new\n" + source.read_text())
        await shown.until(lambda: _line(shown, name) == LEAKED + 1, "the mark did not move")


@pytest.mark.parametrize("told", [True, False], ids=["client", "server"])
async def test_sources_that_come_and_go_take_their_marks_along(workspace: Path, told: bool) -> None:
    moved = workspace.parent / "moved"
    capabilities = full_capabilities() if told else BARE
    async with editor(workspace, capabilities) as shown:
        await shown.until_loaded()
        await _until_line(shown, LEAKED)
        shutil.move(workspace / "lib", moved)
        if told:
            _tell(shown, workspace / HTTP, types.FileChangeType.Deleted)
        await _until_line(shown, None)
        shown.open("app.pl")
        shutil.move(moved, workspace / "lib")
        if told:
            _tell(shown, workspace / HTTP, types.FileChangeType.Created)
        await _until_line(shown, LEAKED)
        shown.open(HTTP)
        assert "59 leaked" in hover_text(await shown.hover(HTTP, LEAKED, 22))


async def test_the_text_of_the_editor_goes_before_the_one_on_disk(workspace: Path) -> None:
    source = workspace / HTTP
    text = source.read_text()
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        shown.open(HTTP, "# edited\n" + text)
        await _until_line(shown, LEAKED + 1)
        source.write_text("# one\n# two\n# three\n" + text)
        _tell(shown, source)
        shown.change(HTTP, "# edited\n# again\n" + text)
        await _until_line(shown, LEAKED + 2)
        shown.close(HTTP)
        await _until_line(shown, LEAKED + 3)


def _message(shown: Editor) -> str:
    leak = shown.leak(HTTP)
    return leak.message if leak else ""
