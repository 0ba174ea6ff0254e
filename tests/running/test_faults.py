"""Faults of the machine, of other programs and of clients, with the real server and the real command line.

After each fault there is one clear message, and the last good state; no process and no unfinished file is left.
"""

from __future__ import annotations

import asyncio
import json
import lzma
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from pmat_lsp.errors import DumpError
from pmat_lsp.heap import locks
from pmat_lsp.heap.cache import Cache
from pmat_lsp.heap.opening import open_heap
from pmat_lsp.server.dumps import is_of_future
from tests.benchmarks.wire import Server, running, write_frame
from tests.dumps import ROOT
from tests.running.faulty import STAGES, fault
from tests.server.editor import LONGEST_WAIT, SERVER, Editor, demo_workspace, editor, full_capabilities, hover_text
from tests.server.readers import children

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes by /proc, and forks")
FAULTY = (sys.executable, "-m", "tests.running.faulty")
OPTIONS = {"client": {"changed": True}}
HTTP = "lib/Courier/HTTP.pm"
LEAKED = 78
LEAKS = "1 proven leak (59 islands"
NO_LEAK = "no proven leak"
FIXED = ROOT / "tests" / "data" / "courier_fixed.pmat.xz"
HOUR = 3600
MANY = 5000


# The place ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A workspace with a cache and a folder for temporary files of its own."""

    workspace: Path
    dump: Path
    cache: Path
    temporary: Path

    def unfinished(self) -> list[Path]:
        """What a process has begun to write, and did not finish."""
        return [*self.cache.glob("*.tmp"), *self.temporary.glob("pmat-*")]

    def processes(self) -> list[str]:
        """Every process that uses this cache."""
        mark = f"PMAT_LSP_CACHE={self.cache}".encode()
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environment.read_bytes().split(b"\0"):
                    found.append((environment.parent / "cmdline").read_text().replace("\0", " "))
            except OSError:
                # It has ended.
                continue
        return found

    def run(self, *arguments: object, more: Mapping[str, str] = {}, **options: Any) -> subprocess.CompletedProcess[str]:
        """The command line, in the workspace."""
        command = [*FAULTY, *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
        environment.pop("PYTHONUNBUFFERED", None)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.run(command, cwd=self.workspace, text=True, env=environment, timeout=60, **options)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    workspace = demo_workspace(tmp_path / "courier")
    made = Place(workspace, workspace / "courier.pmat", tmp_path / "cache", tmp_path / "temporary")
    made.temporary.mkdir()
    monkeypatch.setenv("PMAT_LSP_CACHE", str(made.cache))
    monkeypatch.setenv("TMPDIR", str(made.temporary))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield made
    _wait_until(lambda: not made.processes(), lambda: f"processes stay: {made.processes()}")
    assert made.unfinished() == []


def _wait_until(condition: Callable[[], bool], what: Callable[[], str]) -> None:
    end = time.monotonic() + LONGEST_WAIT
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.01)


def _one_message(done: subprocess.CompletedProcess[str], *, what: str, status: int) -> None:
    """The command prints one message, whose further lines are indented, and nothing about Python."""
    lines = done.stderr.splitlines()
    assert done.returncode == status, done.stderr
    assert [line for line in lines if not line.startswith("    ")] == lines[:1], done.stderr
    assert what in done.stderr
    assert "Traceback" not in done.stderr
    assert "Errno" not in done.stderr


def _fixed(place: Place) -> Path:
    """The dump of the program without the leak, as a file of no interest to the server."""
    path = place.workspace / "fixed.heap"
    path.write_bytes(lzma.decompress(FIXED.read_bytes()))
    return path


async def _until_state(shown: Editor, state: str, said: str = "") -> None:
    await shown.until(
        lambda: bool(shown.changes) and shown.changes[-1]["state"] == state and said in shown.changes[-1]["message"],
        f"it is not {state} with {said!r}: {shown.changes[-1:]}",
    )


async def _is_as_before(shown: Editor) -> None:
    """The leak of the demo is marked, listed and explained."""
    told = await shown.request("pmat/leaks", {})
    assert [one["title"] for one in told["findings"]] == ["59 Courier::Connection objects can never be freed"]
    assert "59 leaked" in hover_text(await shown.hover(HTTP, LEAKED, 22))
    assert shown.leak(HTTP) is not None


def _tell(shown: Editor, path: Path) -> None:
    """As a client that watches files does when one was written."""
    event = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
    shown.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))


def _server_of(shown: Editor) -> int:
    server = shown.client._server
    assert server is not None
    return server.pid


# Full disks ---------------------------------------------------------------------------------------------------------


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Something mounted at a folder; the test is skipped where this user may not do that."""
    folder.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    done = subprocess.run([mount, *options, str(folder)], capture_output=True, text=True) if mount else None
    if done is None or done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip() if done else 'no mount'}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def small_disk(folder: Path, kibibytes: int) -> Any:
    """A disk of that many KiB."""
    return mounted(folder, "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs")


@pytest.mark.parametrize("kibibytes", [64, 150, 600])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_a_full_disk_below_the_cache_costs_the_index_alone(place: Place, kibibytes: int, packed: bool) -> None:
    dump = ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz" if packed else place.dump
    with small_disk(place.cache, kibibytes):
        done = place.run("leaks", dump)
        _one_message(done, what="warning: ", status=1)
        assert "its index cannot be kept: No space left on device" in done.stderr
        assert LEAKS in done.stdout
        assert list(place.cache.iterdir()) == []


@pytest.mark.parametrize("kibibytes", [64, 300])
def test_where_all_disks_are_full_one_error_says_so(place: Place, kibibytes: int) -> None:
    with small_disk(place.cache, kibibytes), small_disk(place.temporary, kibibytes):
        done = place.run("leaks", place.dump)
        _one_message(done, what="its index cannot be written: No space left on device", status=2)
        assert "PMAT_LSP_CACHE" in done.stderr
        assert done.stdout == ""
        assert [*place.cache.iterdir(), *place.temporary.iterdir()] == []


@pytest.mark.parametrize("kibibytes", [64, 300])
def test_a_limit_on_the_size_of_files_is_reported_as_one(place: Place, kibibytes: int) -> None:
    limit = kibibytes << 10

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = place.run("leaks", place.dump, preexec_fn=limited)
    _one_message(done, what="its index cannot be written: File too large", status=2)
    assert list(place.cache.iterdir()) == []


@pytest.mark.parametrize(
    "words", ["leaks courier.pmat", "leaks --json courier.pmat", "cache list", "help", "--version"]
)
def test_an_answer_that_cannot_be_written_is_one_message(place: Place, words: str) -> None:
    with open("/dev/full", "w") as full:
        done = place.run(*words.split(), stdout=full)
    _one_message(done, what="pmat-lsp: No space left on device", status=2)


def test_a_source_on_a_full_disk_stays_as_it_is(place: Place, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 512) as disk:
        shutil.copytree(place.workspace, disk / "courier", ignore=shutil.ignore_patterns("*.pmat"))
        source = disk / "courier" / HTTP
        before = source.read_text()
        _fill_disk(disk / "rest")
        done = place.run("fix", "--source-root", disk / "courier", "--write", place.dump)
        assert done.returncode == 2, done.stderr
        assert "cannot be written: No space left on device" in done.stderr.splitlines()[-1]
        assert source.read_text() == before
        assert [path.name for path in source.parent.iterdir() if path.name.startswith(".")] == []
        (disk / "rest").unlink()
        assert place.run("fix", "--source-root", disk / "courier", "--write", place.dump).returncode == 0
        assert source.read_text() != before


def _fill_disk(path: Path) -> None:
    """Write to a file until the disk is full."""
    with path.open("wb", buffering=0) as rest, suppress(OSError):
        while rest.write(b"x" * 512):
            continue


@pytest.mark.asyncio
async def test_a_server_whose_disks_fill_keeps_what_it_had_and_goes_on_when_there_is_room(place: Place) -> None:
    async with editor(place.workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        with small_disk(place.cache, 150), small_disk(place.temporary, 150):
            _touch(place.dump)
            _tell(shown, place.dump)
            await _until_state(shown, "failed", "its index cannot be written: No space left on device")
            assert len(shown.shown) == 1
            assert "PMAT_LSP_CACHE" in shown.shown[0]
            await _is_as_before(shown)
        _touch(place.dump)
        _tell(shown, place.dump)
        await _until_state(shown, "ready")
        await _is_as_before(shown)
        assert len(shown.shown) == 1


def _touch(path: Path) -> None:
    written = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(written, written))


# A cache that cannot be written -------------------------------------------------------------------------------------


def test_a_file_in_the_place_of_the_cache_costs_the_index_alone(place: Place) -> None:
    place.cache.write_bytes(b"mine")
    done = place.run("leaks", place.dump)
    _one_message(done, what=f"warning: {place.dump}: its index cannot be kept: {place.cache}: Not a dir", status=1)
    assert LEAKS in done.stdout
    assert place.cache.read_bytes() == b"mine"
    for action in ("list", "clear"):
        assert place.run("cache", action).returncode == 0
    assert place.cache.read_bytes() == b"mine"


def test_a_cache_that_can_only_be_read_is_read(place: Place) -> None:
    first = place.run("leaks", place.dump)
    (index,) = place.cache.iterdir()
    with mounted(place.cache, "--bind", str(place.cache)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(place.cache)], check=True)
        with pytest.raises(OSError, match="Read-only"):
            os.utime(index)
        again = place.run("leaks", place.dump, more=fault("begun", place.workspace / "read", "kill"))
        assert (again.stdout, again.stderr, again.returncode) == (first.stdout, "", 1)
        _touch(place.dump)
        another = place.run("leaks", place.dump)
        _one_message(another, what="Read-only file system", status=1)
        assert another.stdout == first.stdout
        assert list(place.cache.iterdir()) == [index]


@pytest.mark.asyncio
async def test_a_server_without_a_cache_loads_one_dump_after_the_other(place: Place) -> None:
    place.cache.write_bytes(b"")
    async with editor(place.workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        await _is_as_before(shown)
        place.dump.write_bytes(_fixed(place).read_bytes())
        _tell(shown, place.dump)
        await _until_state(shown, "ready", NO_LEAK)
        assert shown.shown == []
        assert list(place.temporary.glob("pmat-lsp-index-*")) == []


# Clocks -------------------------------------------------------------------------------------------------------------


def _dated(path: Path, seconds: float) -> Path:
    """Set a file's time to that many seconds from now."""
    then = time.time() + seconds
    os.utime(path, (then, then))
    return path


def test_files_of_the_cache_from_the_future_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=2500)
    names = {name: cache.folder / f"{number:032x}.pmatidx" for number, name in enumerate(("future", "old", "new"))}
    for path in names.values():
        path.write_bytes(b"x" * 1000)
    _dated(names["future"], 10 * HOUR)
    _dated(names["old"], -10 * HOUR)
    cache.evict(keep=names["new"])
    assert sorted(tmp_path.iterdir()) == sorted([names["old"], names["new"]])


@pytest.mark.parametrize("seconds", [-10 * HOUR, 10 * HOUR], ids=["past", "future"])
def test_an_unfinished_file_goes_when_nobody_writes_it_whatever_the_clock_says(tmp_path: Path, seconds: int) -> None:
    cache = Cache(tmp_path)
    written, left = (cache.folder / f"{number:032x}.pmatidx.{number:016x}.tmp" for number in (1, 2))
    left.write_bytes(b"x")
    with written.open("w+b") as file:
        locks.lock(file)
        for path in (written, left):
            _dated(path, seconds)
        cache.evict(keep=cache.folder / "kept.pmatidx")
        assert list(tmp_path.iterdir()) == [written]


@pytest.mark.parametrize("seconds", [-1000 * HOUR, 1000 * HOUR], ids=["past", "future"])
def test_dump_and_index_may_have_any_time(place: Place, seconds: int) -> None:
    _dated(place.dump, seconds)
    first = place.run("leaks", place.dump)
    (index,) = place.cache.iterdir()
    _dated(index, seconds)
    before = index.read_bytes()
    again = place.run("leaks", place.dump, more=fault("begun", place.workspace / "read", "kill"))
    assert (again.returncode, again.stdout, again.stderr) == (1, first.stdout, "")
    assert index.read_bytes() == before
    assert abs(index.stat().st_mtime - time.time()) < HOUR


@pytest.mark.asyncio
@pytest.mark.parametrize("client", [full_capabilities(), types.ClientCapabilities()], ids=["told", "by-itself"])
async def test_a_new_dump_is_shown_though_the_clock_was_set_back(
    place: Place, client: types.ClientCapabilities
) -> None:
    _dated(place.dump, 10 * HOUR)
    async with editor(place.workspace, client, options=OPTIONS) as shown:
        await shown.until_loaded()
        new = place.workspace / "new.pmat"
        shutil.copyfile(_fixed(place), new)
        _tell(shown, new)
        await _until_state(shown, "ready", NO_LEAK)
        assert shown.changes[-1]["dump"] == new.as_uri()
        # Written before the other one was, as the clock goes.
        shutil.copyfile(place.dump, new)
        _dated(new, -HOUR)
        _tell(shown, new)
        await _until_state(shown, "ready", LEAKS)


def test_the_clock_of_a_file_server_may_differ_a_little() -> None:
    now = time.time_ns()
    assert not is_of_future((now + 300 * 1_000_000_000, 1))
    assert is_of_future((now + HOUR * 1_000_000_000, 1))


# Dumps that change while they are read ------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
def test_a_dump_that_is_rewritten_while_it_is_read_is_read_again(place: Place, stage: str) -> None:
    happened = place.workspace / "happened"
    done = place.run("leaks", place.dump, more=fault(stage, happened, "copy", str(_fixed(place)), str(place.dump)))
    assert happened.exists()
    assert (done.returncode, done.stderr) == (0, "")
    assert NO_LEAK in done.stdout.lower()
    assert "0x" not in done.stdout
    assert done.stdout == place.run("leaks", place.dump).stdout


@pytest.mark.parametrize("stage", STAGES)
def test_a_dump_that_is_cut_short_while_it_is_read_is_reported_as_truncated(place: Place, stage: str) -> None:
    happened = place.workspace / "happened"
    done = place.run("leaks", place.dump, more=fault(stage, happened, "shorten", str(place.dump)))
    assert happened.exists()
    _one_message(done, what="truncated", status=2)
    assert done.stdout == ""


def test_an_open_heap_does_not_take_the_bytes_of_another_dump_for_its_own(place: Place) -> None:
    heap = open_heap(place.dump, cache=Cache(place.cache))
    before = bytes(heap.data[100_000:100_100])
    _touch(place.dump)
    assert bytes(heap.data[1_000_000:1_000_100])
    assert bytes(heap.data[100_000:100_100]) == before
    shutil.copyfile(_fixed(place), place.dump)
    with pytest.raises(DumpError, match="overwritten since it was loaded"):
        _ = heap.data[1_000_000:1_000_100]


# Processes that are killed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
def test_a_reader_that_is_killed_is_reported_in_one_message(place: Place, stage: str) -> None:
    happened = place.workspace / "happened"
    done = place.run("leaks", place.dump, more=fault(stage, happened, "kill"))
    assert happened.exists()
    if stage == "written":
        # The index was complete.
        assert (done.returncode, done.stderr) == (1, "")
    else:
        _one_message(done, what=f"has ended with status -{signal.SIGKILL:d}", status=2)
        assert list(place.cache.glob("*")) == []
    assert LEAKS in place.run("leaks", place.dump).stdout


@pytest.mark.parametrize("writable", [True, False], ids=["cache", "no-cache"])
@pytest.mark.parametrize("stage", STAGES[:-1])
def test_a_command_that_is_killed_takes_its_reader_along(place: Place, stage: str, writable: bool) -> None:
    if not writable:
        place.cache.write_bytes(b"")
    happened = place.workspace / "happened"
    done = place.run("leaks", place.dump, more=fault(stage, happened, "kill-parent"))
    if writable or stage != "begun":
        assert happened.exists()
    assert done.returncode == -signal.SIGKILL
    assert done.stderr == ""


@pytest.mark.parametrize("milliseconds", [10, 80, 140, 200, 260])
def test_a_command_that_is_killed_at_any_time_leaves_nothing(place: Place, milliseconds: int) -> None:
    command = [*FAULTY, "leaks", str(place.dump)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(milliseconds / 1000)
        process.kill()
    _wait_until(lambda: not place.processes(), lambda: f"processes stay: {place.processes()}")
    assert place.unfinished() == []
    assert LEAKS in place.run("leaks", place.dump).stdout


@pytest.mark.asyncio
@pytest.mark.parametrize("stage", ["begun", "linking"])
async def test_a_server_whose_reader_is_killed_says_so_and_reads_the_next_dump(
    place: Place, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in fault(stage, place.workspace / "happened", "kill").items():
        monkeypatch.setenv(name, value)
    async with editor(place.workspace, full_capabilities(), options=OPTIONS, server=(*FAULTY, "serve")) as shown:
        await _until_state(shown, "failed", f"has ended with status -{signal.SIGKILL:d}")
        assert len(shown.shown) == 1
        assert list(place.cache.glob("*")) == []
        _touch(place.dump)
        _tell(shown, place.dump)
        await _until_state(shown, "ready")
        shown.open(HTTP)
        await _is_as_before(shown)
        assert len(shown.shown) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
async def test_a_server_that_a_signal_ends_leaves_nothing(place: Place, number: signal.Signals) -> None:
    window = types.WindowClientCapabilities(show_document=types.ShowDocumentClientCapabilities(True))
    left = []

    async def show_and_end() -> None:
        async with editor(place.workspace, types.ClientCapabilities(window=window), options=OPTIONS) as shown:
            await shown.until_loaded()
            await shown.command("pmat.showLeaks")
            await shown.until(lambda: bool(shown.documents), "no report was shown")
            assert place.unfinished()
            server = shown.client._server
            assert server is not None
            server.send_signal(number)
            left.append(await asyncio.wait_for(server.wait(), LONGEST_WAIT))
            raise _Ended

    with pytest.raises(_Ended):
        await show_and_end()
    assert left == [128 + number]
    assert place.unfinished() == []


class _Ended(Exception):
    """The server has exited as it should, so it is not asked to shut down."""


# Clients ------------------------------------------------------------------------------------------------------------


def _greet(server: Server, place: Place) -> str:
    """Begin, and open the module with the leak; returns its URI."""
    server.ask("initialize", {"processId": None, "capabilities": {}, "rootUri": place.workspace.as_uri()})
    server.notify("initialized", {})
    uri = (place.workspace / HTTP).as_uri()
    text = (place.workspace / HTTP).read_text()
    server.notify(
        "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "perl", "version": 1, "text": text}}
    )
    server.until(lambda: uri in server.published)
    return uri


def test_a_client_that_floods_is_answered_to_the_last_request(place: Place) -> None:
    with running(SERVER, place.workspace, {}) as server:
        uri = _greet(server, place)
        text = (place.workspace / HTTP).read_text()
        where = {"textDocument": {"uri": uri}, "position": {"line": LEAKED, "character": 22}}
        asked = [server.send("textDocument/hover", where) for _ in range(MANY)]
        assert all("59 leaked" in json.dumps(server.reply(number).result) for number in asked)
        for version in range(MANY):
            document = {"uri": uri, "version": version + 2}
            server.notify(
                "textDocument/didChange",
                {"textDocument": document, "contentChanges": [{"text": f"# {version}\n{text}"}]},
            )
        where["position"] = {"line": LEAKED + 1, "character": 22}
        assert "59 leaked" in json.dumps(server.ask("textDocument/hover", where).result)
        assert server.faults == []


def test_a_client_that_floods_reads_nothing_and_vanishes_takes_the_server_along(place: Place) -> None:
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        params: dict[str, Any] = {"processId": None, "capabilities": {}, "rootUri": place.workspace.as_uri()}
        write_frame(process.stdin, _request("initialize", params))
        assert process.stdout.readline().startswith(b"Content-")
        pipe = process.stdin.fileno()
        os.set_blocking(pipe, False)
        content = _request("pmat/leaks", {})
        _fill(pipe, MANY * (b"Content-Length: %d\r\n\r\n%b" % (len(content), content)))
        os.set_blocking(pipe, True)
        process.stdout.close()
        process.stdin.close()
        process.wait(LONGEST_WAIT)


def _request(method: str, params: Mapping[str, object]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def _fill(pipe: int, content: bytes) -> None:
    """Write until the other side has taken nothing for a second."""
    last = time.monotonic()
    while content and time.monotonic() < last + 1:
        try:
            content = content[os.write(pipe, content) :]
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)


@pytest.mark.parametrize("milliseconds", [0, 300, 600, 700, 800])
def test_a_client_that_vanishes_while_the_server_starts_takes_it_along(place: Place, milliseconds: int) -> None:
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        params: dict[str, Any] = {"processId": None, "capabilities": {}, "rootUri": place.workspace.as_uri()}
        write_frame(process.stdin, _request("initialize", params))
        write_frame(process.stdin, b'{"jsonrpc": "2.0", "method": "initialized", "params": {}}')
        time.sleep(milliseconds / 1000)
        process.stdin.close()
        assert process.wait(LONGEST_WAIT) == 0


# All at once --------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_two_servers_and_commands_share_a_dump_and_a_cache(place: Place) -> None:
    async def command(*words: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *FAULTY, *words, cwd=place.workspace, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        output, errors = await asyncio.wait_for(process.communicate(), LONGEST_WAIT)
        assert b"Traceback" not in errors
        return process.returncode, output.decode()

    async def serve() -> None:
        async with editor(place.workspace, full_capabilities(), options=OPTIONS) as shown:
            await shown.until_loaded()
            shown.open(HTTP)
            await _is_as_before(shown)
            await command("cache", "clear")
            _touch(place.dump)
            _tell(shown, place.dump)
            await shown.until_loaded(2)
            await _is_as_before(shown)
            assert shown.shown == []

    commands = [command("leaks", "courier.pmat") for _ in range(2)]
    *_, first, second = await asyncio.gather(serve(), serve(), *commands)
    assert first is not None
    assert first == second
    assert first[0] == 1
    assert LEAKS in first[1]


# A machine that sleeps ----------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_server_that_was_suspended_answers_what_was_asked_meanwhile(place: Place) -> None:
    async with editor(place.workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        text = shown.open(HTTP)
        await _is_as_before(shown)
        server = _server_of(shown)
        os.kill(server, signal.SIGSTOP)
        shown.change(HTTP, f"# one more line\n{text}")
        asked = asyncio.ensure_future(shown.hover(HTTP, LEAKED + 1, 22))
        place.dump.write_bytes(_fixed(place).read_bytes())
        await asyncio.sleep(1)
        assert not asked.done()
        os.kill(server, signal.SIGCONT)
        assert "59 leaked" in hover_text(await asyncio.wait_for(asked, LONGEST_WAIT))
        _tell(shown, place.dump)
        await _until_state(shown, "ready", NO_LEAK)
        assert shown.shown == []


@pytest.mark.asyncio
@pytest.mark.parametrize("stage", ["begun", "linking"])
async def test_a_reader_that_was_suspended_goes_on_and_the_server_answers_meanwhile(
    place: Place, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = place.workspace / "happened"
    for name, value in fault(stage, happened, "stop").items():
        monkeypatch.setenv(name, value)
    async with editor(place.workspace, full_capabilities(), options=OPTIONS, server=(*FAULTY, "serve")) as shown:
        await shown.until(happened.exists, "the reader was not stopped")
        (reader,) = children(_server_of(shown))
        assert (await shown.request("pmat/leaks", {}))["state"] == "loading"
        os.kill(reader, signal.SIGCONT)
        await shown.until_loaded()
        shown.open(HTTP)
        await _is_as_before(shown)


@pytest.mark.asyncio
async def test_a_server_that_leaves_ends_a_reader_that_is_suspended(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = place.workspace / "happened"
    for name, value in fault("linking", happened, "stop").items():
        monkeypatch.setenv(name, value)
    async with editor(place.workspace, full_capabilities(), options=OPTIONS, server=(*FAULTY, "serve")) as shown:
        await shown.until(happened.exists, "the reader was not stopped")
