"""The parts of the server that need no client: settings, columns, finding dumps, guarding, cancelling."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from pmat_lsp.heap.memory import NotEnoughMemory
from pmat_lsp.server import dumps
from pmat_lsp.server.app import build_server
from pmat_lsp.server.client import Client
from pmat_lsp.server.dumps import find_dumps
from pmat_lsp.server.language_server import REQUEST_FAILED, PmatServer, answered, guarded
from pmat_lsp.server.loading import load_dump
from pmat_lsp.server.marks import MOST_A_FILE, Target, diagnostics_of
from pmat_lsp.server.messages import MOST_LINES, unplaced_messages
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.progress import Cancelled, Progress
from pmat_lsp.server.publishing import Outcome, refresh
from pmat_lsp.server.settings import ServerSettings, read_settings
from pmat_lsp.server.texts import Texts
from pmat_lsp.session import Settings, open_dump
from pmat_lsp.source.model import Point, Range

KINDS = list(types.PositionEncodingKind)


@pytest.fixture
def server() -> PmatServer:
    return build_server()


def test_settings_are_read_bare_and_wrapped_alike() -> None:
    section = {
        "dump": "a.pmat",
        "sourceRoots": ["lib"],
        "pathMap": [{"from": "/srv", "to": "/home/me"}],
        "diagnostics": {"severity": "error"},
    }
    wanted = ServerSettings("a.pmat", source_roots=("lib",), path_map=(("/srv", "/home/me"),), severity="error")
    assert read_settings(section, ServerSettings()) == (wanted, [])
    assert read_settings({"pmat": section}, ServerSettings()) == (wanted, [])


def test_settings_that_are_left_out_stay_and_an_empty_dump_means_none() -> None:
    before = ServerSettings("a.pmat", source_roots=("lib",), severity="error")
    assert read_settings({"sourceRoots": []}, before)[0] == ServerSettings("a.pmat", severity="error")
    assert read_settings({"dump": ""}, before)[0].dump is None
    assert read_settings(None, before) == (before, [])
    assert read_settings({"pmat": None}, before) == (before, [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"dump": 3},
        {"sourceRoots": "lib"},
        {"sourceRoots": [1]},
        {"pathMap": [{"from": "/a"}]},
        {"pathMap": "x"},
        {"diagnostics": {"severity": "loud"}},
        7,
    ],
)
def test_a_wrong_setting_is_told_and_changes_nothing(wrong: object) -> None:
    settings, problems = read_settings(wrong, ServerSettings())
    assert settings == ServerSettings()
    assert len(problems) == 1
    assert "must be" in problems[0]


def test_a_relative_dump_is_looked_for_in_every_folder(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (two / "x.pmat").touch()
    assert ServerSettings(dump="x.pmat").dump_path((one, two)) == two / "x.pmat"
    assert ServerSettings(dump="y.pmat").dump_path((one, two)) == one / "y.pmat"
    assert ServerSettings().dump_path((one, two)) is None


def test_source_roots_go_before_the_folders_and_only_where_they_exist(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    settings = ServerSettings(source_roots=("lib", "nothing")).session((tmp_path,))
    assert settings.source_roots == (tmp_path / "lib", tmp_path)


@given(st.text(), st.sampled_from(KINDS), st.data())
def test_every_point_comes_back_from_the_clients_position(
    text: str, kind: types.PositionEncodingKind, data: st.DataObject
) -> None:
    rows = text.split("\n")
    line = data.draw(st.integers(1, len(rows)))
    point = Point(line, data.draw(st.integers(0, len(rows[line - 1]))))
    lines = Lines(text, Encoding.of(kind))
    assert lines.point(lines.range(Range(point, point)).start) == point


@given(st.text(), st.sampled_from(KINDS), st.integers(0, 99), st.integers(0, 2**31 - 1))
def test_any_position_of_a_client_is_a_point_of_the_text(
    text: str, kind: types.PositionEncodingKind, row: int, column: int
) -> None:
    point = Lines(text, Encoding.of(kind)).point(types.Position(row, column))
    rows = text.split("\n")
    assert 1 <= point.line <= len(rows)
    assert 0 <= point.column <= len(rows[point.line - 1])


def test_an_encoding_that_nobody_agreed_on_is_utf_16() -> None:
    assert Encoding.of(None).units("\N{POSTAL HORN}") == 2
    assert Encoding.of("utf-7").units("\N{POSTAL HORN}") == 2


def _found(folder: Path, *patterns: str, deepest: int = dumps.DEEPEST) -> list[str]:
    globs = ServerSettings(dumps=patterns).globs((folder,)) if patterns else ServerSettings().globs((folder,))
    return [str(one.path.relative_to(folder)) for one in find_dumps(globs, deepest=deepest)]


def test_the_newest_dump_is_found_below_the_folders_but_not_where_nobody_looks(tmp_path: Path) -> None:
    for age, name in enumerate(["a/new.pmat.zst", "old.pmat", "note.txt", ".git/x.pmat", "node_modules/y.pmat"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    os.utime(tmp_path / ".git/x.pmat", (2000, 2000))
    assert _found(tmp_path) == ["a/new.pmat.zst", "old.pmat"]
    assert _found(tmp_path, deepest=0) == ["old.pmat"]
    assert _found(tmp_path / "missing") == []


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*.pmat", ["top.pmat"]),
        ("logs/*.pmat", ["logs/app.pmat"]),
        ("logs/**/*.pmat", ["logs/app.pmat", "logs/today/app.pmat"]),
        ("**/app.pmat", ["logs/app.pmat", "logs/today/app.pmat"]),
        ("logs/*/app.pmat", ["logs/today/app.pmat"]),
        ("logs/app.pmat", ["logs/app.pmat"]),
        ("{logs,other}/app.{pmat,heap}", ["logs/app.pmat"]),
        ("logs/today/heap.[0-9]", ["logs/today/heap.1"]),
        ("nowhere/*", []),
        ("logs/../*.pmat", ["top.pmat"]),
        ("", []),
    ],
)
def test_globs_match_as_in_editors(tmp_path: Path, pattern: str, wanted: list[str]) -> None:
    for age, name in enumerate(["top.pmat", "logs/app.pmat", "logs/today/app.pmat", "logs/today/heap.1"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    assert _found(tmp_path, pattern) == wanted
    absolute = [one.path for one in find_dumps(ServerSettings(dumps=(str(tmp_path / pattern),)).globs(()))]
    assert absolute == [tmp_path / name for name in wanted]


def test_braces_without_end_are_a_few_patterns() -> None:
    assert len(ServerSettings(dumps=("{a,b}" * 20,)).globs((Path("/"),))) <= 100


def test_the_search_for_dumps_ends_in_a_workspace_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dumps, "MOST_ENTRIES", 10)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.pmat").touch()
    for number in range(20):
        (tmp_path / "b" / f"{number}.txt").touch()
    assert _found(tmp_path) == []
    deep = tmp_path.joinpath("c", *"1234567")
    deep.mkdir(parents=True)
    (deep / "x.pmat").touch()
    assert _found(tmp_path / "c") == []


def test_texts_hand_over_each_change_once_and_keep_the_clients_spelling() -> None:
    texts = Texts()
    texts.put("file:///w/a%2Db.pm", 1, "one")
    texts.put("file:///w/a%2Db.pm", 2, "two")
    texts.put("untitled:Untitled-1", 1, "no file")
    assert [(change.path, change.text) for change in texts.take_changes()] == [(Path("/w/a-b.pm"), "two")]
    assert texts.take_changes() == []
    assert texts.uri(Path("/w/a-b.pm")) == "file:///w/a%2Db.pm"
    assert texts.uri(Path("/w/c.pm")) == "file:///w/c.pm"
    texts.drop("file:///w/a%2Db.pm")
    assert [change.text for change in texts.take_changes()] == [None]


def test_a_client_that_announces_nothing_has_nothing() -> None:
    assert Client.of(types.ClientCapabilities()) == Client()


def test_neovim_is_sent_its_diagnostics_though_it_can_pull() -> None:
    refreshed = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    announced = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(diagnostics=refreshed),
        text_document=types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities()),
    )
    assert Client.of(announced, name="Visual Studio Code").pulls_diagnostics
    assert not Client.of(announced, name="Neovim").pulls_diagnostics


def test_helix_is_not_relied_on_to_watch_files() -> None:
    files = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True, relative_pattern_support=True)
    announced = types.ClientCapabilities(workspace=types.WorkspaceClientCapabilities(did_change_watched_files=files))
    assert Client.of(announced, name="Visual Studio Code").watches_files
    assert not Client.of(announced, name="helix").watches_files


def test_plain_text_first_means_plain_text() -> None:
    formats = [types.MarkupKind.PlainText, types.MarkupKind.Markdown]
    hover = types.HoverClientCapabilities(content_format=formats)
    document = types.TextDocumentClientCapabilities(hover=hover)
    assert not Client.of(types.ClientCapabilities(text_document=document)).markdown


def test_a_handler_that_fails_is_logged_and_answers_nothing(
    server: PmatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(server, "log", lambda _level, message: logged.append(message))

    @guarded
    async def failing(_ls: PmatServer) -> int:
        raise KeyError("this one")

    assert asyncio.run(failing(server)) is None
    assert "failing failed" in logged[0]
    assert "this one" in logged[0]


def test_no_error_opens_a_popup(server: PmatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(server, "window_show_message", sent.append)
    monkeypatch.setattr(server, "window_log_message", sent.append)
    server.report_server_error(ValueError("odd"), ValueError)
    assert sent == [types.LogMessageParams(types.MessageType.Error, "ValueError: odd")]


def test_work_is_given_up_when_the_user_cancels_its_progress(
    server: PmatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    progress = server.work_done_progress

    async def create(token: str) -> None:
        progress.tokens[token] = Future()

    monkeypatch.setattr(progress, "create_async", create)
    monkeypatch.setattr(server.protocol, "notify", lambda _method, params: told.append(params.value.kind))
    server.state.client = Client(progress=True)

    async def cancel_it() -> None:
        async with Progress(server, "work") as shown:
            asyncio.get_running_loop().call_later(0.01, lambda: next(iter(progress.tokens.values())).cancel())
            await asyncio.wait_for(shown.or_cancelled(asyncio.sleep(60)), 10)

    with pytest.raises(Cancelled):
        asyncio.run(cancel_it())
    assert told == ["begin", "end"]
    assert progress.tokens == {}


def test_an_error_for_want_of_memory_is_one_line_in_the_log_without_a_traceback(
    server: PmatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    @guarded
    async def handler(_ls: PmatServer) -> None:
        raise MemoryError

    told: list[str] = []
    monkeypatch.setattr(server, "log", lambda _level, message: told.append(message))
    assert asyncio.run(handler(server)) is None
    [line] = told
    assert line.startswith("handler failed: it takes more memory than")
    assert "Traceback" not in line


def test_a_request_of_ours_that_takes_too_much_memory_fails_with_the_reason(
    server: PmatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    @answered
    async def handler(_ls: PmatServer, _params: object) -> None:
        raise NotEnoughMemory("finding it takes about 1.0 GiB", "Get more.")

    with pytest.raises(JsonRpcException) as caught:
        asyncio.run(handler(server, None))
    assert (caught.value.message, caught.value.code) == ("finding it takes about 1.0 GiB", REQUEST_FAILED)
    assert caught.value.data == {"hint": "Get more."}


@pytest.mark.asyncio
async def test_a_dump_in_front_is_shown_though_a_broken_one_is_asked_for_while_its_marks_are_found(
    server: PmatServer, monkeypatch: pytest.MonkeyPatch, demo_dump: Path, tmp_path: Path
) -> None:
    finding, may_end = asyncio.Event(), asyncio.Event()

    async def slow_refresh(ls: PmatServer) -> Outcome | None:
        finding.set()
        await may_end.wait()
        return await refresh(ls)

    monkeypatch.setattr("pmat_lsp.server.loading.refresh", slow_refresh)
    monkeypatch.setattr(server.protocol, "notify", lambda _method, _params: None)
    broken = tmp_path / "broken.pmat"
    broken.write_bytes(b"PMAT")
    first = asyncio.ensure_future(load_dump(server, demo_dump))
    await finding.wait()
    assert await load_dump(server, broken) is False
    assert await first is False  # it was given up for the other one
    assert server.state.front.state == "failed"
    may_end.set()
    while server.state.tasks and server.state.front.state == "failed":
        await asyncio.sleep(0.01)
    assert (server.state.front.state, server.state.front.path) == ("ready", demo_dump)
    server.state.close()


def test_the_log_tells_of_a_hundred_findings_without_a_place_and_counts_the_rest(demo_dump: Path) -> None:
    marked = open_dump(demo_dump, Settings()).all_marked[0]
    many = tuple(
        replace(
            marked, place=None, notes=(), finding=replace(marked.finding, title=f"{number} objects can never be freed")
        )
        for number in range(20_000)
    )
    lines = unplaced_messages(many)
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "and 19,900 more findings of which not all can be shown"
    assert unplaced_messages(many[:MOST_LINES]) == lines[:-1]


def test_a_file_has_as_many_diagnostics_as_can_be_sent_at_once_and_says_how_many_more_there_are(
    demo_dump: Path,
) -> None:
    root = demo_dump.parent / "program"
    dump = open_dump(demo_dump, Settings(source_roots=(root,)))
    marked = next(one for one in dump.all_marked if one.mark is not None)
    many = tuple(
        replace(marked, finding=replace(marked.finding, bytes_total=number)) for number in range(MOST_A_FILE + 50)
    )
    place = types.Range(types.Position(0, 0), types.Position(0, 1))
    target = Target(Client(), "warning", "hint", lambda path: path.as_uri(), lambda _path, _range: place)
    [file] = [file for file in diagnostics_of(dump, many, target) if marked.mark and file.path == marked.mark.path]
    assert len(file.diagnostics) == MOST_A_FILE
    assert file.left_out >= 50
    [file] = [file for file in diagnostics_of(dump, many[:10], target) if marked.mark and file.path == marked.mark.path]
    assert file.left_out == 0
