"""What befalls dumps while they are open: the server says so, keeps its last good answers, and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.editor import demo_workspace, editor, full_capabilities

pytestmark = pytest.mark.asyncio
OPTIONS = {"client": {"changed": True}}


async def test_a_dump_that_is_deleted_leaves_its_answers_and_is_followed_when_it_comes_back(tmp_path: Path) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    dump = workspace / "courier.pmat"
    good = dump.read_bytes()
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        before = (await shown.request("pmat/leaks", {}))["findings"]
        assert before
        dump.unlink()
        assert (await shown.request("pmat/leaks", {}))["findings"] == before
        dump.write_bytes(good)
        await shown.command("pmat.reload")
        await shown.until_loaded(2)
        assert (await shown.request("pmat/leaks", {}))["findings"] == before


async def test_a_dump_that_is_cut_short_is_told_and_the_answers_of_the_whole_one_stay(tmp_path: Path) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    dump = workspace / "courier.pmat"
    good = dump.read_bytes()
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        before = (await shown.request("pmat/leaks", {}))["findings"]
        dump.write_bytes(good[: len(good) // 2])
        await shown.command("pmat.reload")
        await shown.until(lambda: shown.changes[-1]["state"] == "failed", "the server did not say that it failed")
        assert "courier.pmat" in shown.changes[-1]["message"]
        kept = await shown.request("pmat/leaks", {})
        assert kept["state"] == "failed"
        assert kept["findings"] == before
        dump.write_bytes(good)
        await shown.command("pmat.reload")
        await shown.until(lambda: shown.changes[-1]["state"] == "ready", "the good dump was not opened")
        assert (await shown.request("pmat/leaks", {}))["findings"] == before
