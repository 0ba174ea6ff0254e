"""`pmat/leaks` stays small where a dump has many findings, long cycles and many file handles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pmat_lsp.server.leak_data import MOST_HANDLES
from tests.benchmarks.player import SERVER
from tests.benchmarks.wire import running
from tests.dump_writer import DumpWriter


def rings(path: Path, classes: int, links: int, handles: int = 0) -> Path:
    """Write a dump in which one ring of blessed hashes of each class has leaked, and file handles are open."""
    writer = DumpWriter()
    for number in range(classes):
        stash, first = 0x1000 + 0x100 * number, 0x10_0000 + 0x10_0000 * number
        writer.stash(stash, f"Ring{number}")
        writer.root("+own", stash)
        for link in range(links):
            following = first + 0x100 * ((link + 1) % links)
            writer.hash(first + 0x100 * link, {"next": following + 0x80}, blessed=stash)
            writer.ref(first + 0x100 * link + 0x80, first + 0x100 * link)
    for number in range(handles):
        writer.io(0x8000_0000 + 0x100 * number, ifileno=number)
        writer.root("+own", 0x8000_0000 + 0x100 * number)
    path.write_bytes(writer.to_bytes())
    return path


def leaks_of(dump: Path) -> Any:
    """What the server answers about a dump."""
    with running(SERVER, dump.parent, {}, dict(os.environ)) as server:
        server.ask("initialize", {"processId": None, "capabilities": {}, "rootUri": dump.parent.as_uri()})
        server.notify("initialized", {})
        loaded = server.ask("workspace/executeCommand", {"command": "pmat.load", "arguments": [dump.as_uri()]})
        assert loaded.error is None
        return server.ask("pmat/leaks", {"overview": True}).result


@pytest.mark.parametrize(
    ("classes", "links", "hops"),
    [
        pytest.param(1, 30, 30, id="one ring is whole"),
        pytest.param(25, 201, 200, id="25 long rings share 5,000 hops"),
        pytest.param(100, 60, 50, id="100 rings share 5,000 hops"),
        pytest.param(500, 12, 10, id="500 rings have 10 hops each"),
    ],
)
def test_all_findings_together_have_a_bounded_number_of_hops(
    tmp_path: Path, classes: int, links: int, hops: int
) -> None:
    findings = leaks_of(rings(tmp_path / "rings.pmat", classes, links))["findings"]
    assert len(findings) == classes
    for finding in findings:
        chain = finding["hops"]
        assert len(chain) == hops
        assert all(one["address"] == other["source"] for one, other in zip(chain, [*chain[1:], chain[0]], strict=True))
        assert chain[-1]["via"] == ("->{next}" if links == hops else "… more references …")
        assert [node["address"] for node in finding["graph"]["nodes"]] == [hop["source"] for hop in chain]
        assert finding["svs"] == 2 * links


@pytest.mark.parametrize("handles", [3, MOST_HANDLES, MOST_HANDLES + 1])
def test_the_overview_lists_the_first_thousand_handles(tmp_path: Path, handles: int) -> None:
    shown = leaks_of(rings(tmp_path / "handles.pmat", 1, 2, handles))["overview"]["handles"]
    assert [one["number"] for one in shown] == list(range(min(handles, MOST_HANDLES)))
