"""What befalls dumps while they are open: the server says so, keeps its last good answers, and goes on."""

from __future__ import annotations

import asyncio
import lzma
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types

from tests.server.editor import LONGEST_WAIT, Editor, demo_workspace, editor, full_capabilities, hover_text
from tests.server.readers import SPAWNING, needs_proc, readers

pytestmark = pytest.mark.asyncio
OPTIONS = {"client": {"changed": True}}
HTTP = "lib/Courier/HTTP.pm"
LEAKED = 78
FIXED = Path(__file__).parent.parent / "data" / "courier_fixed.pmat.xz"


@dataclass(frozen=True)
class Opened:
    """An editor with the demo, whose dump is open and whose module is on the screen."""

    shown: Editor
    dump: Path
    good: bytes
    """What is in the dump."""
    findings: object
    """What `pmat/leaks` tells of it."""


@pytest_asyncio.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    workspace = demo_workspace(tmp_path / "courier")
    dump = workspace / "courier.pmat"
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        findings = (await shown.request("pmat/leaks", {}))["findings"]
        assert findings
        yield Opened(shown, dump, dump.read_bytes(), findings)


async def _reader(shown: Editor) -> int:
    """The process that reads a dump, as soon as there is one: long before it has imported what it needs."""
    server = shown.client._server
    assert server is not None
    end = time.monotonic() + LONGEST_WAIT
    while not (found := readers(server.pid)):
        assert time.monotonic() < end, "no process reads the dump"
        await asyncio.sleep(0.002)
    return found[0]


def _tell(shown: Editor, path: Path) -> None:
    """As a client that watches files does when one was written; and nothing else is asked of the server."""
    event = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
    shown.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))


async def _until_state(shown: Editor, state: str) -> None:
    await shown.until(lambda: bool(shown.changes) and shown.changes[-1]["state"] == state, f"it is not {state}")


async def _still_answers(shown: Editor, findings: object) -> None:
    """As it did before anything went wrong."""
    kept = await shown.request("pmat/leaks", {})
    assert (kept["state"], kept["findings"]) == ("failed", findings)
    assert "59 leaked" in hover_text(await shown.hover(HTTP, LEAKED, 22))
    assert shown.leak(HTTP) is not None


def _in_place(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _by_renaming(path: Path, content: bytes) -> None:
    new = path.with_name("new")
    new.write_bytes(content)
    new.replace(path)


async def test_a_dump_that_is_deleted_leaves_its_answers_and_is_followed_when_it_comes_back(opened: Opened) -> None:
    shown, dump = opened.shown, opened.dump
    dump.unlink()
    assert (await shown.request("pmat/leaks", {}))["findings"] == opened.findings
    dump.write_bytes(opened.good)
    await shown.command("pmat.reload")
    await shown.until_loaded(2)
    assert (await shown.request("pmat/leaks", {}))["findings"] == opened.findings


async def test_a_dump_that_is_cut_short_is_told_and_the_answers_of_the_whole_one_stay(opened: Opened) -> None:
    shown, dump, good = opened.shown, opened.dump, opened.good
    dump.write_bytes(good[: len(good) // 2])
    await shown.command("pmat.reload")
    await shown.until(lambda: shown.changes[-1]["state"] == "failed", "the server did not say that it failed")
    assert "courier.pmat" in shown.changes[-1]["message"]
    kept = await shown.request("pmat/leaks", {})
    assert kept["state"] == "failed"
    assert kept["findings"] == opened.findings
    dump.write_bytes(good)
    await shown.command("pmat.reload")
    await shown.until(lambda: shown.changes[-1]["state"] == "ready", "the good dump was not opened")
    assert (await shown.request("pmat/leaks", {}))["findings"] == opened.findings


@needs_proc
async def test_the_reader_of_a_dump_is_killed_and_the_next_good_dump_is_opened_by_itself(opened: Opened) -> None:
    shown, dump, good = opened.shown, opened.dump, opened.good
    _in_place(dump, good)
    _tell(shown, dump)
    os.kill(await _reader(shown), signal.SIGKILL)
    await _until_state(shown, "failed")
    assert "courier.pmat" in shown.changes[-1]["message"]
    assert f"status -{signal.SIGKILL:d}" in shown.changes[-1]["message"]
    assert len(shown.shown) == 1
    assert "killed for want of memory" in shown.shown[0]
    await _still_answers(shown, opened.findings)
    _in_place(dump, good)
    _tell(shown, dump)
    await _until_state(shown, "ready")
    assert (await shown.request("pmat/leaks", {}))["findings"] == opened.findings
    assert len(shown.shown) == 1


@needs_proc
async def test_the_reader_of_the_first_dump_is_killed_and_the_next_one_is_seen_without_a_watching_client(
    tmp_path: Path,
) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    dump = workspace / "courier.pmat"
    good = dump.read_bytes()
    async with editor(workspace, types.ClientCapabilities(), options=OPTIONS, server=SPAWNING) as shown:
        os.kill(await _reader(shown), signal.SIGKILL)
        await _until_state(shown, "failed")
        empty = await shown.request("pmat/leaks", {})
        assert (empty["dump"], empty["findings"]) == (None, [])
        shown.open(HTTP)
        assert await shown.hover(HTTP, LEAKED, 22) is None
        _by_renaming(dump, good)
        await _until_state(shown, "ready")
        assert "59 leaked" in hover_text(await shown.hover(HTTP, LEAKED, 22))


@needs_proc
@pytest.mark.parametrize("replace", [_in_place, _by_renaming])
async def test_a_dump_that_is_replaced_while_it_is_loaded_gives_way_to_the_new_one(
    tmp_path: Path, replace: Callable[[Path, bytes], None]
) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    dump = workspace / "courier.pmat"
    async with editor(workspace, full_capabilities(), options=OPTIONS, server=SPAWNING) as shown:
        reader = await _reader(shown)
        os.kill(reader, signal.SIGSTOP)
        replace(dump, lzma.decompress(FIXED.read_bytes()))
        os.kill(reader, signal.SIGCONT)
        _tell(shown, dump)
        await shown.until(
            lambda: (
                bool(shown.changes)
                and shown.changes[-1]["state"] == "ready"
                and "no proven leak" in shown.changes[-1]["message"]
            ),
            "the new dump was not opened",
        )
        told = await shown.request("pmat/leaks", {})
        assert (told["findings"], told["dump"]["bytes"] > 0) == ([], True)
        assert shown.leak(HTTP) is None


@needs_proc
async def test_a_dump_that_is_cut_short_while_it_is_loaded_is_told_and_the_whole_one_is_opened_by_itself(
    opened: Opened,
) -> None:
    shown, dump, good = opened.shown, opened.dump, opened.good
    _in_place(dump, good)
    _tell(shown, dump)
    reader = await _reader(shown)
    os.kill(reader, signal.SIGSTOP)
    os.truncate(dump, len(good) // 2)
    os.kill(reader, signal.SIGCONT)
    await _until_state(shown, "failed")
    assert "truncated" in shown.changes[-1]["message"]
    await _still_answers(shown, opened.findings)
    _in_place(dump, good)
    _tell(shown, dump)
    await _until_state(shown, "ready")
    assert (await shown.request("pmat/leaks", {}))["findings"] == opened.findings
