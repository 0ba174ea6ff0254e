"""The recorded session of a real editor, on a small dump; and that a recording says what the editor said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.benchmarks.dumps import GENERATOR, bench_dump
from tests.benchmarks.player import MARKS, RECORDING, play
from tests.benchmarks.recording import edit_between, read_recording, write_recording
from tests.benchmarks.test_benchmarks import has_dumper

MIB = 1 << 20
MESSAGES = 1500
HERE = {"workspace": "/w", "dump": "/d/x.pmat", "sources": "/s"}


@pytest.mark.skipif(not has_dumper(), reason="no perl with Devel::MAT::Dumper here")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory of the server from /proc")
def test_a_stretch_of_the_session_has_no_error_and_the_memory_does_not_grow(tmp_path: Path) -> None:
    played = play(bench_dump(tmp_path / "dumps", 30_000).path, tmp_path, MESSAGES)
    assert played.wrong == []
    assert played.growth < 20 * MIB
    answered = {method: len(seconds) for method, seconds in played.seconds.items()}
    assert played.edits > 400
    assert answered[types.TEXT_DOCUMENT_HOVER] > 50
    assert answered[MARKS] > 10


def test_the_session_is_two_hours_of_a_busy_person_and_names_no_machine() -> None:
    recorded = read_recording(RECORDING, HERE)
    counts: dict[str, int] = {}
    for message in recorded.messages:
        counts[message.get("method", "pause")] = counts.get(message.get("method", "pause"), 0) + 1
    assert counts[types.TEXT_DOCUMENT_DID_CHANGE] >= 120 * 25
    assert counts[types.TEXT_DOCUMENT_HOVER] == 120 * 4
    assert counts[types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT] == counts[types.TEXT_DOCUMENT_CODE_ACTION] == 120 * 6
    assert counts[types.TEXT_DOCUMENT_DEFINITION] == 120
    assert counts["pause"] >= 100
    asked = {
        types.TEXT_DOCUMENT_REFERENCES,
        types.TEXT_DOCUMENT_CODE_LENS,
        types.TEXT_DOCUMENT_INLAY_HINT,
        types.TEXT_DOCUMENT_DOCUMENT_LINK,
        types.CALL_HIERARCHY_INCOMING_CALLS,
        types.CALL_HIERARCHY_OUTGOING_CALLS,
        types.TYPE_HIERARCHY_SUBTYPES,
        types.WORKSPACE_SYMBOL,
        types.WORKSPACE_TEXT_DOCUMENT_CONTENT,
        types.WORKSPACE_EXECUTE_COMMAND,
        "pmat/run",
        "pmat/leaks",
    }
    assert asked <= counts.keys()
    opened = next(one for one in recorded.messages if one.get("method") == types.TEXT_DOCUMENT_DID_OPEN)
    assert opened["params"]["textDocument"]["uri"] == f"file:///w/{GENERATOR.name}"
    everything = json.dumps([recorded.answers, recorded.messages])
    assert "/tmp/" not in everything
    assert str(Path.home()) + "/" not in everything


@pytest.mark.parametrize(
    ("before", "after", "edit"),
    [
        ("abc", "abxc", (2, 1, "x")),
        ("aaa", "aaaa", (3, 0, "a")),
        ("abc", "", (0, 0, "")),
        ("", "abc", (0, 0, "abc")),
        ("abc", "abc", (3, 0, "")),
        ("abcabc", "abc", (3, 0, "")),
    ],
)
def test_an_edit_is_what_differs(before: str, after: str, edit: tuple[int, int, str]) -> None:
    assert edit_between(before, after) == edit
    start, end, new = edit
    assert before[:start] + new + before[len(before) - end :] == after


def test_a_recording_is_what_the_client_sent_for_other_paths_and_another_dump(tmp_path: Path) -> None:
    def client(at: float, method: str, params: Any, id_: int | None = None) -> dict[str, Any]:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id_ is None else {"id": id_})
        return {"at": at, "from": "client", "message": message}

    def told(name: str, id_: Any, result: Any) -> dict[str, Any]:
        return {"at": 0, "from": name, "message": {"jsonrpc": "2.0", "id": id_, "result": result}}

    document = {"uri": "file:///tmp/w/a.pl", "version": 2}
    asked = {"at": 0, "from": "server", "message": {"id": "u", "method": "workspace/configuration", "params": {}}}
    log = [
        client(0, "textDocument/didOpen", {"textDocument": {**document, "text": "my $x;\n"}}),
        asked,
        told("client", "u", [{"dump": "/tmp/d.pmat"}]),
        client(0.1, "textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": "my $xy;\n"}]}),
        client(0.2, "textDocument/hover", {"position": 1}, 1),
        told("server", 1, None),
        client(0.9, "textDocument/codeLens", {}, 2),
        client(0.9, "$/cancelRequest", {"id": 2}),
        told("server", 2, [{"command": {"arguments": ["0x1f"]}}]),
        client(1.0, "workspace/executeCommand", {"arguments": ["0x1f"]}, 3),
        told("server", 3, True),
    ]
    noted, packed = tmp_path / "log", tmp_path / "packed"
    noted.write_text("".join(json.dumps(one) + "\n" for one in log))
    write_recording(packed, noted, {"workspace": "/tmp/w", "dump": "/tmp/d.pmat", "sources": "/nowhere"})
    recorded = read_recording(packed, HERE)
    assert recorded.answers == {"workspace/configuration": [{"dump": "/d/x.pmat"}]}
    opened, changed, hover, pause, lens, command = recorded.messages
    assert opened["params"]["textDocument"] == {"uri": "file:///w/a.pl", "version": 2, "text": "my $x;\n"}
    assert changed["params"]["contentChanges"] == [{"text": "my $xy;\n"}]
    assert (hover["expects"], pause, lens["expects"]) == (False, {"pause": True}, True)
    assert command["params"]["arguments"] == [{"answer": [2, 0, "command", "arguments", 0]}]
