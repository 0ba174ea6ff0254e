"""The server leaves when its client has gone, whatever it is at, and nothing that it started stays behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.server.editor import LONGEST_WAIT, SERVER, demo_workspace
from tests.server.readers import SPAWNING, children, needs_proc, readers

pytestmark = pytest.mark.asyncio
BUSY = (
    sys.executable,
    "-c",
    "import sys, time; from pmat_lsp.session import Dump; "
    "Dump.cures = Dump.facts = lambda *_: (print('busy', file=sys.stderr, flush=True), time.sleep(600)); "
    "from pmat_lsp.cli.main import main; sys.exit(main(['serve']))",
)
"""A server whose worker computes for ten minutes once the dump is open."""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return demo_workspace(tmp_path / "courier")


def _message(message: dict[str, object]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def _greeting(workspace: Path, process: int | None) -> bytes:
    params: dict[str, object] = {"processId": process, "capabilities": {}, "rootUri": workspace.as_uri()}
    begin = _message({"id": 1, "method": "initialize", "params": params})
    return begin + _message({"method": "initialized", "params": {}})


async def _server(workspace: Path, command: Sequence[str] = SERVER) -> Process:
    server = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert server.stdin is not None
    server.stdin.write(_greeting(workspace, None))
    return server


async def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + LONGEST_WAIT
    while not condition():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.01)


async def _leave(server: Process, *, politely: bool) -> None:
    assert server.stdin is not None
    if politely:
        server.stdin.write(_message({"id": 2, "method": "shutdown"}) + _message({"method": "exit"}))
    else:
        server.stdin.close()
    await asyncio.wait_for(server.communicate(), LONGEST_WAIT)
    assert server.returncode == 0


@pytest.mark.parametrize("politely", [True, False], ids=["asked", "client-vanished"])
async def test_a_server_that_computes_does_not_finish_before_it_leaves(workspace: Path, politely: bool) -> None:
    server = await _server(workspace, BUSY)
    assert server.stderr is not None
    assert await asyncio.wait_for(server.stderr.readline(), LONGEST_WAIT) == b"busy\n"
    await _leave(server, politely=politely)


@needs_proc
@pytest.mark.parametrize("politely", [True, False], ids=["asked", "client-vanished"])
async def test_a_server_that_leaves_takes_the_reader_of_a_dump_along(workspace: Path, politely: bool) -> None:
    server = await _server(workspace, SPAWNING)
    await _until(lambda: bool(readers(server.pid)), "no process reads the dump")
    (reader,) = readers(server.pid)
    await _leave(server, politely=politely)
    await _until(lambda: not _lives(reader), "the reader lives on")


@needs_proc
@pytest.mark.skipif(sys.platform != "linux", reason="none is forked here")
async def test_the_child_that_stands_by_ends_with_the_server() -> None:
    server = await asyncio.create_subprocess_exec(*SERVER, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    await _until(lambda: bool(children(server.pid)), "no child stands by")
    (child,) = children(server.pid)
    server.kill()
    await server.wait()
    await _until(lambda: not _lives(child), "the child lives on")


@needs_proc
@pytest.mark.parametrize("has_dump", [True, False])
async def test_no_child_stands_by_when_the_first_dump_has_been_looked_for(workspace: Path, has_dump: bool) -> None:
    if not has_dump:
        (workspace / "courier.pmat").unlink()
    server = await _server(workspace)
    assert server.stdout is not None
    end, told = b"checked" if has_dump else b"no dump found", b""
    while end not in told:
        told += await asyncio.wait_for(server.stdout.read(1 << 16), LONGEST_WAIT)
    await _until(lambda: not children(server.pid), "a child stands by")
    await _leave(server, politely=True)


@needs_proc
async def test_when_the_server_is_killed_the_reader_of_a_dump_ends_without_finishing(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("PMAT_LSP_CACHE", str(cache))
    server = await _server(workspace, SPAWNING)
    await _until(lambda: bool(readers(server.pid)), "no process reads the dump")
    (reader,) = readers(server.pid)
    os.kill(reader, signal.SIGSTOP)
    server.kill()
    await server.wait()
    os.kill(reader, signal.SIGCONT)
    await _until(lambda: not _lives(reader), "the reader lives on")
    assert list(cache.glob("*.pmatidx")) == []


@needs_proc
async def test_a_server_whose_client_was_killed_leaves_even_if_others_hold_the_pipe(workspace: Path) -> None:
    incoming, outgoing = os.pipe()
    client = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(600)")
    server = await asyncio.create_subprocess_exec(*SERVER, stdin=incoming, stdout=PIPE, stderr=PIPE)
    os.close(incoming)
    try:
        os.write(outgoing, _greeting(workspace, client.pid))
        assert server.stdout is not None
        await asyncio.wait_for(server.stdout.readline(), LONGEST_WAIT)
        client.kill()
        await client.wait()
        await asyncio.wait_for(server.communicate(), LONGEST_WAIT)
    finally:
        os.close(outgoing)
        if server.returncode is None:
            server.kill()
    assert server.returncode == 1


def _lives(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
