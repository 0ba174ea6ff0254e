"""Several dumps at once: one is in front, the others stay open; which one it is, is the user's choice or the newest."""

from __future__ import annotations

import asyncio
import lzma
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from lsprotocol import types

from pmat_lsp.server.open_dumps import MOST_OPEN
from tests.dumps import ROOT
from tests.server.editor import Editor, demo_workspace, editor, full_capabilities, hover_text

pytestmark = pytest.mark.asyncio
BARE = types.ClientCapabilities()
OPTIONS: dict[str, Any] = {"client": {"changed": True}}
HTTP = "lib/Courier/HTTP.pm"
LEAKED = 78
FIXED = lzma.decompress((ROOT / "tests" / "data" / "courier_fixed.pmat.xz").read_bytes())


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return demo_workspace(tmp_path / "courier")


def _older(path: Path, seconds: int) -> Path:
    os.utime(path, (1_700_000_000 - seconds, 1_700_000_000 - seconds))
    return path


def _fixed(workspace: Path, name: str = "fixed.pmat", age: int = 0) -> Path:
    """A dump of the program after its leak was cured."""
    path = workspace / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(FIXED)
    return _older(path, age)


async def _front(shown: Editor) -> str | None:
    dump = (await shown.request("pmat/leaks", {}))["dump"]
    return str(dump["name"]) if dump else None


async def _choice(shown: Editor) -> list[tuple[str, bool, bool]]:
    """(name, open, front) of every dump that can be chosen."""
    dumps = (await shown.request("pmat/leaks", {}))["dumps"]
    return [(one["name"], one["open"], one["front"]) for one in dumps]


def _loads(shown: Editor) -> int:
    return sum(change["state"] == "loading" for change in shown.changes)


async def test_a_second_dump_comes_in_front_and_the_first_one_comes_back_without_being_read(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    _fixed(workspace, age=20)
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        assert shown.leak(HTTP) is not None
        assert await shown.command("pmat.load", "fixed.pmat") is True
        assert await _front(shown) == "fixed.pmat"
        assert shown.leak(HTTP) is None
        assert await _choice(shown) == [("courier.pmat", True, False), ("fixed.pmat", True, True)]
        read = _loads(shown)
        assert await shown.command("pmat.load", "courier.pmat") is True
        assert await _front(shown) == "courier.pmat"
        assert shown.leak(HTTP) is not None
        assert "59 leaked" in hover_text(await shown.hover(HTTP, LEAKED, 22))
        assert _loads(shown) == read
        assert await shown.command("pmat.reload") is True
        assert _loads(shown) == read + 1


async def test_an_edit_made_while_a_dump_was_not_in_front_is_known_when_it_comes_back(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    _fixed(workspace, age=20)
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        text = shown.open(HTTP)
        await shown.command("pmat.load", "fixed.pmat")
        shown.change(HTTP, "# new\n" + text)
        await shown.command("pmat.load", "courier.pmat")
        leak = shown.leak(HTTP)
        assert leak is not None
        assert leak.range.start.line == LEAKED + 1


async def test_a_dump_that_was_written_anew_is_read_again_when_it_is_loaded(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    other = _fixed(workspace, "elsewhere/other.heap")
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        await shown.command("pmat.load", str(other))
        assert shown.leak(HTTP) is None
        await shown.command("pmat.load", "courier.pmat")
        shutil.copy(workspace / "courier.pmat", other)
        await shown.command("pmat.load", str(other))
        assert await _front(shown) == "other.heap"
        assert shown.leak(HTTP) is not None


async def test_a_dump_that_was_deleted_while_it_was_open_comes_back_in_front(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    other = _fixed(workspace, age=20)
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        await shown.command("pmat.load", "fixed.pmat")
        await shown.command("pmat.load", "courier.pmat")
        other.unlink()
        assert await shown.command("pmat.load", str(other)) is True
        assert await _front(shown) == "fixed.pmat"


async def test_unload_closes_the_dump_that_is_named_and_the_one_before_it_comes_in_front(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    _fixed(workspace, age=20)
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        await shown.command("pmat.load", "fixed.pmat")
        assert await shown.command("pmat.unload", "fixed.pmat") is True
        assert await _front(shown) == "courier.pmat"
        assert await _choice(shown) == [("courier.pmat", True, True), ("fixed.pmat", False, False)]
        await shown.command("pmat.load", "fixed.pmat")
        await shown.command("pmat.load", "courier.pmat")
        assert await shown.command("pmat.unload", "fixed.pmat") is True
        assert await _front(shown) == "courier.pmat"
        assert shown.leak(HTTP) is not None
        assert await shown.command("pmat.unload", "fixed.pmat") is False
        assert "a dump that is open" in shown.shown[-1]
        assert await shown.command("pmat.unload", "courier.pmat") is True
        assert await _front(shown) is None
        assert shown.leak(HTTP) is None


async def test_unload_without_a_name_closes_all(workspace: Path) -> None:
    _fixed(workspace, age=20)
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        await shown.command("pmat.load", "fixed.pmat")
        assert await shown.command("pmat.unload") is True
        assert [one[1:] for one in await _choice(shown)] == [(False, False)] * 2


async def test_reload_of_a_path_reads_it_anew_and_puts_it_in_front(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    _fixed(workspace, age=20)
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        await shown.command("pmat.load", "fixed.pmat")
        read = _loads(shown)
        assert await shown.command("pmat.reload", shown.uri("courier.pmat")) is True
        assert (await _front(shown), _loads(shown)) == ("courier.pmat", read + 1)


async def test_no_more_dumps_stay_open_than_the_bound_and_the_one_not_seen_for_longest_is_closed(
    workspace: Path,
) -> None:
    names = [_fixed(workspace, f"d{number}.pmat", 100 + number).name for number in range(MOST_OPEN + 3)]
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        for name in names:
            assert await shown.command("pmat.load", name) is True
        still_open = [name for name, is_open, _ in await _choice(shown) if is_open]
        assert still_open == names[-MOST_OPEN:]


async def test_large_dumps_do_not_stay_open_beside_each_other(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    _fixed(workspace, age=20)
    bounded = (
        sys.executable,
        "-c",
        "import sys; from pmat_lsp.server import open_dumps; open_dumps.MOST_SVS = 30_000; "
        "from pmat_lsp.cli.main import main; sys.exit(main(['serve']))",
    )
    async with editor(workspace, full_capabilities(), options=OPTIONS, server=bounded) as shown:
        await shown.until_loaded()
        await shown.command("pmat.load", "fixed.pmat")
        assert await _choice(shown) == [("courier.pmat", False, False), ("fixed.pmat", True, True)]


async def test_the_previous_dump_is_compared_with_whichever_is_in_front(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    _fixed(workspace, age=20)
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        assert "Compare with the previous dump" not in await _actions(shown)
        await shown.command("pmat.load", "fixed.pmat")
        assert "| gone |" in await _compared(shown)
        await shown.command("pmat.load", "courier.pmat")
        assert "Compare with the previous dump" in await _actions(shown)
        assert "| new |" in await _compared(shown)


async def _compared(shown: Editor) -> str:
    opened = await shown.command("pmat.compare")
    return Path(unquote(urlsplit(opened["uri"]).path)).read_text()


async def _actions(shown: Editor) -> list[str]:
    at = types.Range(types.Position(LEAKED, 22), types.Position(LEAKED, 22))
    context = types.CodeActionContext(shown.diagnostics(HTTP))
    params = types.CodeActionParams(types.TextDocumentIdentifier(shown.uri(HTTP)), at, context)
    return [action.title for action in await shown.client.text_document_code_action_async(params) or ()]


async def test_the_newest_dump_that_the_globs_match_is_loaded(workspace: Path) -> None:
    (workspace / "courier.pmat").rename(_mkdir(workspace / "logs") / "old.pmat")
    _older(workspace / "logs" / "old.pmat", 10)
    _fixed(workspace, "logs/new.heap", 5)
    _fixed(workspace, "newest.pmat", 1)
    async with editor(workspace, BARE, options={"dumps": ["logs/*"]}) as shown:
        await shown.until_loaded()
        assert await _choice(shown) == [("new.heap", True, True), ("old.pmat", False, False)]


async def test_a_dump_that_is_named_goes_before_the_globs_which_offer_the_others(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    _fixed(workspace, age=1)
    async with editor(workspace, BARE, options={"dump": "courier.pmat", "dumps": ["*.pmat"]}) as shown:
        await shown.until_loaded()
        # The list is made when the folders are looked through.
        await shown.until(lambda: shown.leak(HTTP) is not None, "no diagnostic")
        assert await _choice(shown) == [("fixed.pmat", False, False), ("courier.pmat", True, True)]


async def test_a_folder_outside_of_the_workspace_is_looked_through_and_globs_change_live(
    workspace: Path, tmp_path: Path
) -> None:
    outside = _fixed(_mkdir(tmp_path / "dumps"))
    async with editor(workspace, BARE, options=OPTIONS) as shown:
        await shown.until_loaded()
        settings = {"pmat": {"dumps": [f"{tmp_path}/dumps/**/*.pmat"]}}
        shown.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=settings))
        await shown.until(lambda: shown.changes[-1]["dump"] == outside.as_uri(), "it was not loaded")
        await shown.until(lambda: shown.changes[-1]["state"] == "ready", "it was not loaded")


async def test_no_globs_mean_that_none_is_loaded_until_it_is_asked_for(workspace: Path) -> None:
    async with editor(workspace, BARE, options={"dumps": []}) as shown:
        await shown.until(lambda: any(line.startswith("no dump found") for line in shown.log), "nothing was said")
        assert await shown.command("pmat.load", "courier.pmat") is True
        assert shown.leak(HTTP) is not None


async def test_a_dump_that_is_asked_for_before_the_first_look_stays_in_front(workspace: Path) -> None:
    for number in range(300):
        _mkdir(workspace / f"folder{number}")
    _older(workspace / "courier.pmat", 10)
    _fixed(workspace, age=20)
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        # At once, and twice, as an impatient client does.
        asked = [asyncio.ensure_future(shown.command("pmat.load", "fixed.pmat")) for _ in range(2)]
        assert await asyncio.gather(*asked) == [True, True]
        await shown.until(lambda: len(shown.log) >= 1, "nothing")
        assert (await shown.request("pmat/leaks", {}))["dump"]["name"] == "fixed.pmat"
        # On a busy machine the first look may be over before the client has asked; nothing leads back from then on.
        dumps = [change["dump"] for change in shown.changes]
        asked_for = dumps[dumps.index(shown.uri("fixed.pmat")) :]
        assert asked_for == [shown.uri("fixed.pmat")] * len(asked_for)


async def test_when_the_dump_that_is_asked_for_at_first_is_broken_the_newest_is_loaded(workspace: Path) -> None:
    _older(workspace / "courier.pmat", 10)
    broken = workspace / "broken.heap"
    broken.write_bytes(b"PMAT\x00\x00\x05")
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        assert await shown.command("pmat.load", str(broken)) is False
        await shown.until(lambda: shown.changes[-1]["state"] == "ready", "the newest was not loaded")
        assert await _front(shown) == "courier.pmat"
        assert len(shown.shown) == 1


async def test_when_a_dump_that_is_broken_is_asked_for_while_the_newest_is_loaded_that_is_loaded_again(
    workspace: Path,
) -> None:
    broken = workspace / "broken.heap"
    broken.write_bytes(b"PMAT\x00\x00\x05")
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until(lambda: any(one["state"] == "loading" for one in shown.changes), "nothing is loaded")
        assert await shown.command("pmat.load", str(broken)) is False
        await shown.until(lambda: any(one["state"] == "ready" for one in shown.changes), "the newest was not loaded")
        assert await _front(shown) == "courier.pmat"


async def test_memory_does_not_grow_with_the_number_of_dumps_that_were_opened(workspace: Path) -> None:
    for number in range(24):
        shutil.copy(workspace / "courier.pmat", workspace / f"d{number}.pmat")
    async with editor(workspace, full_capabilities(), options=OPTIONS) as shown:
        await shown.until_loaded()
        used = []
        for number in range(24):
            assert await shown.command("pmat.load", f"d{number}.pmat") is True
            await shown.request("pmat/leaks", {"overview": True})
            used.append(_resident(shown))
        # What is open, and what the allocator keeps, is there after the first third.
        assert max(used[12:]) < max(used[:8]) + 8 * 1024


def _resident(shown: Editor) -> int:
    """KiB of the server's memory that is its own, mapped files left out."""
    server = shown.client._server
    assert server is not None
    status = Path(f"/proc/{server.pid}/status")
    if not status.exists():
        pytest.skip("reads /proc")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["RssAnon"].split()[0])


def _mkdir(path: Path) -> Path:
    path.mkdir()
    return path
