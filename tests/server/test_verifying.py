"""Fix and verify: `pmat/fixes`, `pmat/verify`, and the quick fixes that need review."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.cures.running import needs_dumper
from tests.server.editor import Editor, editor, full_capabilities, own_workspace
from tests.server.test_code_actions import _actions, _annotating, _changed, _leak, _plain
from tests.server.verifying import CALLS, COMMAND, FILE, KEEPS, MODULE, program

pytestmark = [pytest.mark.asyncio, needs_dumper]
TITLE = "Capture a weakened copy of $self"
ANNOUNCED = {"client": {"verify": True}}
LONGEST_RUN = 120.0


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the copies are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


async def _finding(shown: Editor) -> str:
    await shown.until_loaded()
    leaks = await shown.request("pmat/leaks", {})
    (finding,) = leaks["findings"]
    return str(finding["id"])


def _start(shown: Editor, params: dict[str, Any], id_: str = "verify") -> asyncio.Future[Any]:
    asked = shown.client.protocol.send_request_async("pmat/verify", params, id_)  # type: ignore[no-untyped-call]
    return asyncio.ensure_future(asked)


async def _verify(shown: Editor, **params: Any) -> Any:
    return await asyncio.wait_for(_start(shown, {"finding": await _finding(shown), **params}), LONGEST_RUN)


async def _refused(shown: Editor, params: dict[str, Any], id_: str = "refused") -> JsonRpcException:
    with pytest.raises(JsonRpcException) as refused:
        await asyncio.wait_for(_start(shown, params, id_), LONGEST_RUN)
    return refused.value


def _copies(temporary: Path) -> list[Path]:
    return [path for path in temporary.iterdir() if path.name.startswith("pmat-lsp-")]


async def _until(holds: Callable[[], bool], what: str) -> None:
    for _ in range(3000):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(what)


async def test_a_fix_that_holds_is_verified_and_its_edit_can_be_made(tmp_path: Path, temporary: Path) -> None:
    workspace = program(tmp_path / "program", CALLS)
    async with editor(workspace, full_capabilities()) as shown:
        text = shown.open(FILE)
        answer = await _verify(shown, command=f"{COMMAND} 'two words'")
        assert answer["command"] == ["perl", "-Ilib", "app.pl", "two words"]
        assert (answer["folder"], answer["runs"], answer["notes"]) == (workspace.as_uri(), 3, [])
        (trial,) = answer["trials"]
        assert (trial["title"], trial["safety"]) == (TITLE, "review")
        assert trial["verified"] is True
        assert trial["outcome"] == "verified with `perl -Ilib app.pl 'two words'`: same output, 5 islands → 0"
        assert trial["diff"].startswith(f"--- a/{FILE}\n+++ b/{FILE}\n")
        (document,) = trial["edit"]["documentChanges"]
        assert document["textDocument"] == {"uri": shown.uri(FILE), "version": 1}
        edits = [types.TextEdit(_range(edit["range"]), edit["newText"]) for edit in document["edits"]]
        assert "    weaken( my $weak_self = $self );\n" in _changed(text, edits)
        assert (workspace / FILE).read_text() == MODULE
        assert _copies(temporary) == []


def _range(given: Any) -> types.Range:
    return types.Range(types.Position(**given["start"]), types.Position(**given["end"]))


async def test_a_fix_that_changes_the_output_has_no_edit(tmp_path: Path) -> None:
    async with editor(program(tmp_path / "program", KEEPS), full_capabilities()) as shown:
        (trial,) = (await _verify(shown, command=COMMAND))["trials"]
        assert (trial["verified"], trial["edit"]) == (False, None)
        assert trial["outcome"] == "changes the output: lines 2–6 of stdout"
        assert "+    weaken( my $weak_self = $self );\n" in trial["diff"]


async def test_what_a_command_does_not_show_is_not_verified(tmp_path: Path) -> None:
    async with editor(program(tmp_path / "program", CALLS), full_capabilities()) as shown:
        (trial,) = (await _verify(shown, command="perl -e 1"))["trials"]
        assert (trial["verified"], trial["edit"]) == (None, None)
        assert (
            trial["outcome"] == "not verified: this command does not show the leak: no perl of it loaded lib/Thing.pm"
        )


async def test_a_text_that_changes_during_the_runs_gets_no_edit(tmp_path: Path) -> None:
    async with editor(program(tmp_path / "program", CALLS), full_capabilities()) as shown:
        shown.open(FILE)
        params = {"finding": await _finding(shown), "command": COMMAND}
        asked = _start(shown, params | {"workDoneToken": "runs"})
        await shown.until(lambda: "run 1" in _told(shown), "no progress")
        shown.change(FILE, "# more\n" + MODULE)
        answer = await asyncio.wait_for(asked, LONGEST_RUN)
        assert (answer["trials"][0]["verified"], answer["trials"][0]["edit"]) == (True, None)
        assert answer["notes"] == [
            "Thing.pm has changed since the command began, so the fix cannot be made: verify it again"
        ]


def _told(shown: Editor) -> list[str]:
    """The messages of the progress."""
    values = [one["params"]["value"] for one in shown.received if one.get("method") == "$/progress"]
    return [str(value["message"]) for value in values if value["kind"] == "report"]


async def test_a_text_that_is_not_saved_is_not_run(tmp_path: Path) -> None:
    async with editor(program(tmp_path / "program", CALLS), full_capabilities()) as shown:
        shown.open(FILE, "# more\n" + MODULE)
        error = await _refused(shown, {"finding": await _finding(shown), "command": COMMAND})
        assert (error.code, error.message) == (-32803, "Thing.pm has changes that are not saved")
        assert error.data == {"hint": "Save it: the command runs with the files on the disk."}


async def test_the_server_answers_while_the_command_runs_and_refuses_a_second_one(
    tmp_path: Path, temporary: Path
) -> None:
    workspace = program(tmp_path / "program", CALLS)
    async with editor(workspace, full_capabilities()) as shown:
        shown.open(FILE)
        params = {"finding": await _finding(shown), "command": f"sh -c 'echo $$ > {tmp_path}/pid; exec sleep 600'"}
        asked = _start(shown, params | {"workDoneToken": "runs"})
        await _until((tmp_path / "pid").exists, "the command does not start")
        assert await shown.hover(FILE, 6, 24) is not None
        assert (await shown.request("pmat/fixes", {"finding": params["finding"]}))["fixes"]
        error = await _refused(shown, params, "second")
        assert (error.code, error.message) == (-32803, "another fix is being verified")
        shown.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams("runs"))
        with pytest.raises(JsonRpcException) as cancelled:
            await asyncio.wait_for(asked, LONGEST_RUN)
        assert cancelled.value.code == -32800
        await _until(lambda: not _copies(temporary), "the copy stays")
        assert not _lives(int((tmp_path / "pid").read_text()))
        # One that was cancelled is in nobody's way.
        assert (await _verify(shown, command=COMMAND))["trials"][0]["verified"]


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"


async def test_a_request_that_is_cancelled_ends_the_command(tmp_path: Path, temporary: Path) -> None:
    async with editor(program(tmp_path / "program", CALLS), full_capabilities()) as shown:
        params = {"finding": await _finding(shown), "command": f"sh -c 'echo $$ > {tmp_path}/pid; exec sleep 600'"}
        _start(shown, params, "to be cancelled")
        await _until((tmp_path / "pid").exists, "the command does not start")
        shown.client.cancel_request(types.CancelParams("to be cancelled"))
        await _until(lambda: not _copies(temporary), "the copy stays")


async def test_a_server_that_leaves_leaves_neither_processes_nor_copies(tmp_path: Path, temporary: Path) -> None:
    async with editor(program(tmp_path / "program", CALLS), full_capabilities()) as shown:
        params = {"finding": await _finding(shown), "command": f"sh -c 'echo $$ > {tmp_path}/pid; exec sleep 600'"}
        _start(shown, params)
        await _until((tmp_path / "pid").exists, "the command does not start")
    try:
        assert _copies(temporary) == []
        assert not _lives(int((tmp_path / "pid").read_text()))
    finally:
        if _lives(int((tmp_path / "pid").read_text())):
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


async def test_what_cannot_be_run_is_said(tmp_path: Path) -> None:
    outside = program(tmp_path / "program", CALLS)
    async with editor(outside, full_capabilities()) as shown:
        finding = await _finding(shown)
        for command, message in (
            ("", "there is no command to run"),
            ("perl 'app", "the command cannot be read: No closing quotation"),
            ("no-such-program", "no-such-program: cannot be run: No such file or directory"),
        ):
            error = await _refused(shown, {"finding": finding, "command": command})
            assert (error.message, error.code) == (message, -32602)
        error = await _refused(shown, {"finding": "none", "command": COMMAND})
        assert error.message == "there is no finding 'none' in this dump"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    options = {"pmat": {"dump": str(outside / "app.pmat"), "sourceRoots": [str(outside)]}}
    async with editor(elsewhere, full_capabilities(), options=options) as shown:
        error = await _refused(shown, {"finding": await _finding(shown), "command": COMMAND})
        assert error.message == f"{outside / FILE} is in no folder of the workspace"


async def test_the_fixes_of_a_finding_come_with_the_folder_the_command_and_a_warning(tmp_path: Path) -> None:
    workspace = program(tmp_path / "program", CALLS)
    async with editor(workspace, full_capabilities()) as shown:
        answer = await shown.request("pmat/fixes", {"finding": await _finding(shown)})
        (fix,) = answer["fixes"]
        assert (fix["title"], fix["safety"], fix["verified"]) == (TITLE, "review", None)
        assert fix["reason"].endswith(".")
        assert (answer["whyNone"], answer["folder"], answer["command"]) == ("", workspace.as_uri(), "")
        assert answer["warning"].startswith(
            f"the command runs at least three times, in copies of {workspace} (3 files, "
        )
        assert answer["warning"].endswith("what it does elsewhere (databases, network, other folders) is real")
        (workspace / "t").mkdir()
        assert (await shown.request("pmat/fixes", {"finding": await _finding(shown)}))["command"] == "prove -l t"
    async with editor(workspace, full_capabilities(), options={"pmat": {"verifyCommand": COMMAND}}) as shown:
        assert (await shown.request("pmat/fixes", {"finding": await _finding(shown)}))["command"] == COMMAND
        assert (await _verify(shown))["command"] == ["perl", "-Ilib", "app.pl"]


async def test_what_only_holds_itself_has_no_fix_to_verify(tmp_path: Path) -> None:
    async with editor(own_workspace(tmp_path / "program", "self_held_registry"), full_capabilities()) as shown:
        await shown.until_loaded()
        (finding,) = (await shown.request("pmat/leaks", {}))["selfHeld"]
        answer = await shown.request("pmat/fixes", {"finding": finding["id"]})
        assert (answer["fixes"], answer["folder"], answer["warning"]) == ([], None, "")
        assert answer["whyNone"] == "it only holds itself, and live code can still reach it"
        error = await _refused(shown, {"finding": finding["id"], "command": COMMAND})
        assert error.message == "there is no fix to try: it only holds itself, and live code can still reach it"


async def test_a_fix_that_needs_review_has_its_reason_in_the_title_and_asks_first(tmp_path: Path) -> None:
    workspace = program(tmp_path / "program", CALLS)
    async with editor(workspace, _annotating(), options=ANNOUNCED) as shown:
        leak = await _leak(shown, FILE)
        (known,) = (await shown.request("pmat/fixes", {"finding": await _finding(shown)}))["fixes"]
        await _actions(shown, FILE, leak.range)
        fix, verify, ignore, _ = next(one["result"] for one in reversed(shown.received) if _has_titles(one))
        assert known["safety"] == "review"
        start, _, reason = fix["title"].rstrip(")").partition(" (review: ")
        assert (start, fix["isPreferred"]) == (TITLE, False)
        assert reason
        assert known["reason"].startswith(reason.removesuffix("…").strip())
        (annotation,) = fix["edit"]["changeAnnotations"].values()
        assert (annotation["label"], annotation["needsConfirmation"]) == (TITLE, True)
        assert annotation["description"] == known["reason"]
        assert (verify["title"], verify["kind"], "edit" in verify) == ("Fix and verify…", "quickfix", False)
        finding = await _finding(shown)
        assert verify["command"] == {"title": "Fix and verify…", "command": "pmat.verify", "arguments": [finding]}
        assert ignore["title"].startswith("Ignore this leak")
    async with editor(workspace, _plain()) as shown:
        leak = await _leak(shown, FILE)
        fix, ignore = await _actions(shown, FILE, leak.range)
        assert fix.title.startswith(f"{TITLE} (review: ")


def _has_titles(message: dict[str, Any]) -> bool:
    result = message.get("result")
    return isinstance(result, list) and len(result) > 1 and "title" in result[0]
