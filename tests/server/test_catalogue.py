"""Our own requests over the real server: the catalogue, questions, leaks, pages of trees, and what changed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from pmat_lsp.catalogue.questions import QUESTIONS
from pmat_lsp.heap.progress import Progress
from pmat_lsp.server.asking import ask_dump
from pmat_lsp.server.language_server import PmatServer
from pmat_lsp.server.state import OpenDump
from pmat_lsp.session import Settings, open_dump
from tests.server.editor import DEMO, LONGEST_WAIT, Editor, demo_workspace, editor, full_capabilities, own_workspace

pytestmark = pytest.mark.asyncio(loop_scope="module")
HTTP = "lib/Courier/HTTP.pm"
ANNOUNCED = {"client": {"changed": True}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    workspace = demo_workspace(tmp_path_factory.mktemp("demo") / "courier")
    async with editor(workspace, full_capabilities(), options=ANNOUNCED) as shown:
        await shown.until_loaded()
        yield shown


def _cli(demo: Editor, *words: str) -> Any:
    """What the command line says of the same dump."""
    command = [sys.executable, "-m", "pmat_lsp", words[0], str(demo.workspace / "courier.pmat"), *words[1:], "--json"]
    return json.loads(subprocess.run(command, capture_output=True, check=False, text=True).stdout)


async def _error(demo: Editor, method: str, params: object) -> JsonRpcException:
    with pytest.raises(JsonRpcException) as raised:
        await demo.request(method, params)
    return raised.value


async def test_the_catalogue_tells_every_question_with_what_it_takes(demo: Editor) -> None:
    answer = await demo.request("pmat/catalogue", {})
    assert answer["version"] == 1
    assert [question["name"] for question in answer["questions"]] == [question.name for question in QUESTIONS]
    identify = next(question for question in answer["questions"] if question["name"] == "identify")
    assert identify["dumps"] == {"least": 1, "most": 1}
    depth = next(parameter for parameter in identify["parameters"] if parameter["name"] == "depth")
    assert (depth["takes"], depth["letter"], depth["default"], depth["positional"]) == ("number", "d", 10, False)


async def test_a_question_has_the_answer_of_the_command_line_by_words_and_by_arguments(demo: Editor) -> None:
    expected = _cli(demo, "count", "--blessed")
    by_words = await demo.request("pmat/run", {"name": "count", "words": ["--blessed"]})
    by_arguments = await demo.request("pmat/run", {"name": "count", "arguments": {"blessed": True}})
    assert by_words["answer"] == by_arguments["answer"] == expected
    assert "Courier::Connection" in by_words["text"]


async def test_another_dump_can_be_asked(demo: Editor) -> None:
    dumps = [demo.uri("courier.pmat")]
    answer = await demo.request("pmat/run", {"name": "summary", "dumps": dumps})
    assert answer["answer"] == _cli(demo, "summary")


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("pmat/run", {}, "pmat/run: name must be a text, not None"),
        ("pmat/run", [], "must be an object"),
        ("pmat/run", {"name": "rm -rf"}, "there is no question 'rm -rf'"),
        ("pmat/run", {"name": "identify"}, "identify needs sv"),
        ("pmat/run", {"name": "identify", "arguments": {"sv": "0x1"}}, "no SV at 0x1"),
        ("pmat/run", {"name": "identify", "arguments": {"sv": "0x1", "depth": -3}}, "depth must be"),
        ("pmat/run", {"name": "count", "arguments": {"class": 1, "__proto__": {}}}, "does not know"),
        ("pmat/run", {"name": "count", "arguments": {}, "words": []}, "exclude each other"),
        ("pmat/run", {"name": "count", "words": ["--nonsense"]}, "--nonsense"),
        ("pmat/expand", {"what": "everything", "address": "defstash"}, "what must be one of"),
        ("pmat/expand", {"what": "inrefs"}, "the address of an SV is needed"),
        ("pmat/expand", {"what": "inrefs", "address": "defstash", "offset": -1}, "offset must be"),
        ("pmat/expand", {"what": "inrefs", "address": "defstash", "limit": True}, "limit must be"),
        ("pmat/expand", {"what": "islands", "finding": "none"}, "there is no finding 'none'"),
        ("pmat/leaks", {"overview": "yes"}, "overview must be true or false"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said(demo: Editor, method: str, params: object, said: str) -> None:
    error = await _error(demo, method, params)
    assert error.code == -32602
    assert said in error.message
    assert error.data is not None
    assert isinstance(error.data["hint"], str)


async def test_a_dump_that_cannot_be_read_is_no_fault_of_the_request(demo: Editor) -> None:
    (demo.workspace / "broken.txt").write_bytes(b"no dump")
    error = await _error(demo, "pmat/run", {"name": "summary", "dumps": [demo.uri("broken.txt")]})
    assert error.code == -32803
    assert "not a heap dump" in error.message


async def test_the_leaks_have_the_figures_of_the_command_line(demo: Editor) -> None:
    expected = _cli(demo, "leaks")
    answer = await demo.request("pmat/leaks", {})
    assert answer["state"] == "ready"
    assert answer["overview"] is None
    dump = answer["dump"]
    assert {key: dump[key] for key in ("perl", "format", "svs", "bytes", "threads")} == {
        key: expected["dump"][key] for key in ("perl", "format", "svs", "bytes", "threads")
    }
    (finding,), (told,) = answer["findings"], expected["findings"]
    assert (finding["pattern"], finding["count"], finding["bytes"]) == (
        told["pattern"],
        told["count"],
        told["bytes_total"],
    )
    assert (finding["handles"], finding["classes"]) == (told["handles"], told["classes"])
    assert finding["addresses"] == told["addresses"][:100]
    assert [(hop["from"], hop["via"], hop["to"]) for hop in finding["hops"]] == [
        (hop["from"], hop["via"], hop["to"]) for hop in told["cycle"]
    ]
    assert finding["place"]["uri"] == demo.uri(HTTP)
    assert finding["place"]["range"]["start"] == {"line": 78, "character": 21}


async def test_hops_and_graph_are_one_closed_way_of_strong_references(demo: Editor) -> None:
    (finding,) = (await demo.request("pmat/leaks", {}))["findings"]
    hops, graph = finding["hops"], finding["graph"]
    assert [hop["address"] for hop in hops] == [hop["source"] for hop in hops[1:] + hops[:1]]
    assert [node["address"] for node in graph["nodes"]] == [hop["source"] for hop in hops]
    assert [(edge["from"], edge["to"]) for edge in graph["edges"]] == [
        (number, (number + 1) % len(hops)) for number in range(len(hops))
    ]
    assert {edge["strength"] for edge in graph["edges"]} == {"strong"}
    assert [edge["back"] for edge in graph["edges"]] == [False] * (len(hops) - 1) + [True]
    captured = {hop["via"]: hop["place"] for hop in hops if hop["place"]}
    assert captured["$conns"]["range"]["start"]["line"] == 81
    assert captured["->{on_closed}"]["range"]["start"]["line"] == 41


async def test_a_hop_that_is_written_nowhere_is_at_the_sub_that_it_leads_to(tmp_path: Path) -> None:
    workspace = own_workspace(tmp_path / "lines", "shared_line")
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        findings = (await shown.request("pmat/leaks", {}))["findings"]
    of_array, to_sub = findings[0]["hops"][3], findings[1]["hops"][1]
    assert (of_array["via"], of_array["place"]) == ("->[0]", None)
    assert (to_sub["via"], to_sub["place"]["text"]) == ("->[0]", "this closure captures $bell")
    assert to_sub["place"]["range"] == {"start": {"line": 41, "character": 8}, "end": {"line": 41, "character": 11}}


async def test_the_overview_counts_what_the_leaks_count(demo: Editor) -> None:
    answer = await demo.request("pmat/leaks", {"overview": True})
    (finding,), overview = answer["findings"], answer["overview"]
    held = sorted(handle["number"] for handle in overview["handles"] if handle["finding"] == finding["id"])
    assert held == finding["handles"]
    assert sum(overview["bytes"].values()) == answer["dump"]["bytes"]
    connections = next(row for row in overview["classes"] if row["name"] == "Courier::Connection")
    assert connections["leaked"] == finding["count"] <= connections["objects"]


@pytest.mark.parametrize("what", ["inrefs", "outrefs"])
async def test_pages_of_references_are_the_direct_ones_of_the_command_line(demo: Editor, what: str) -> None:
    expected = _cli(demo, what, "defstash", "--weak")["rows"]
    pages: list[Any] = []
    while True:
        page = await demo.request(
            "pmat/expand", {"what": what, "address": "defstash", "offset": len(pages), "limit": 7}
        )
        assert page["offset"] == len(pages)
        pages += page["rows"]
        if len(pages) >= page["total"]:
            break
    told = sorted((row["strength"], row["via"], row["address"]) for row in pages if row["strength"] != "inferred")
    assert told == sorted((row["strength"], row["name"], row["sv"]) for row in expected)


async def test_children_in_the_dominator_tree_are_the_heaviest_first_and_add_up(demo: Editor) -> None:
    first = await demo.request("pmat/expand", {"what": "dominators", "limit": 5})
    expected = _cli(demo, "dominators", "--depth", "1", "--count", "5")["rows"][1:]
    assert [(row["address"], row["retained"]) for row in first["rows"]] == [
        (row["sv"], row["retained"]) for row in expected
    ]
    everything = await demo.request("pmat/expand", {"what": "dominators", "limit": 1000})
    heap = (await demo.request("pmat/leaks", {}))["dump"]["bytes"]
    assert len(everything["rows"]) == min(everything["total"], 1000)
    assert sum(row["retained"] for row in everything["rows"]) <= heap
    beyond = await demo.request("pmat/expand", {"what": "dominators", "offset": first["total"] + 5})
    assert beyond["rows"] == []


async def test_the_islands_of_a_finding_come_by_pages(demo: Editor) -> None:
    (finding,) = (await demo.request("pmat/leaks", {}))["findings"]
    page = await demo.request("pmat/expand", {"what": "islands", "finding": finding["id"], "offset": 50})
    assert page["total"] == finding["count"]
    assert [row["address"] for row in page["rows"]] == finding["addresses"][50:]
    assert all(row["leaked"] for row in page["rows"])


async def test_a_request_that_is_cancelled_ends_and_the_next_one_is_answered(demo: Editor) -> None:
    asked = demo.client.protocol.send_request("pmat/run", {"name": "find", "words": []}, msg_id="to-cancel")
    demo.client.cancel_request(types.CancelParams("to-cancel"))
    with pytest.raises(JsonRpcException) as raised:
        await asyncio.wait_for(asyncio.wrap_future(asked), LONGEST_WAIT)
    assert raised.value.code == -32800
    assert (await demo.request("pmat/run", {"name": "summary"}))["text"]


async def test_a_question_ends_when_nobody_waits_for_it_any_more() -> None:
    server = PmatServer()
    server.state.install(open_dump(DEMO / "courier.pmat.xz", Settings()), None)
    begun, ended = threading.Event(), threading.Event()

    def work(_opened: OpenDump, progress: Progress) -> None:
        begun.set()
        try:
            while True:
                progress("for ever", 0, 0)
        finally:
            ended.set()

    waiting = asyncio.create_task(ask_dump(server, work))
    assert await asyncio.to_thread(begun.wait, LONGEST_WAIT)
    waiting.cancel()
    assert await asyncio.to_thread(ended.wait, LONGEST_WAIT)
    server.state.close()


async def test_clients_that_announce_it_hear_every_change(tmp_path: Path) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    async with editor(workspace, types.ClientCapabilities(), options=ANNOUNCED) as shown:
        await shown.until(lambda: [one["state"] for one in shown.changes][-1:] == ["ready"], "not ready")
        await shown.command("pmat.unload")
        await shown.until(lambda: shown.changes[-1]["state"] == "none", "still open")
        (workspace / "broken.pmat").write_bytes(b"PMAT\x00\x00\x05")
        await shown.command("pmat.load", "broken.pmat")
        await shown.until(lambda: shown.changes[-1]["state"] == "failed", "not failed")
        states = [one["state"] for one in shown.changes]
        # That there is another dump to choose from is told too, in whatever state it is.
        assert [state for state, _ in groupby(states)] == ["loading", "ready", "none", "loading", "failed"]
        assert [one["version"] for one in shown.changes] == list(range(1, len(states) + 1))
        assert shown.changes[1]["dump"] == shown.uri("courier.pmat")
        assert "1 proven leak" in shown.changes[1]["message"]
        answer = await shown.request("pmat/leaks", {})
        assert (answer["state"], answer["dump"], answer["findings"]) == ("failed", None, [])
        # The watcher may have seen the new dump only now.
        assert answer["version"] in [one["version"] for one in shown.changes if one["state"] == "failed"]
        error = await _error(shown, "pmat/run", {"name": "summary"})
        assert (error.code, error.message) == (-32803, "no heap dump is open")


async def test_clients_that_announce_nothing_are_sent_nothing_of_ours(tmp_path: Path) -> None:
    workspace = demo_workspace(tmp_path / "courier")
    async with editor(workspace, types.ClientCapabilities()) as shown:
        await shown.until_loaded()
        opened = await shown.command("pmat.showLeaks")
        assert opened["shown"] is False
        assert "container-capture" in opened["text"]
        assert (shown.changes, shown.registered, shown.documents) == ([], [], [])
