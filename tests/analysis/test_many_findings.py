"""Very many findings: the heaviest are told, and how many the others are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pmat_lsp.analysis import leaks
from pmat_lsp.analysis.result import Sum
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.json import leaks_json
from pmat_lsp.render.report import leaks_text
from pmat_lsp.render.report_parts import ReportSource
from pmat_lsp.session import Dump, Settings, open_dump
from tests.dump_writer import DumpWriter

SHAPES = 6


@pytest.fixture
def dump(tmp_path: Path) -> Dump:
    """Of each shape, told by its key, a hash that holds itself, and two of the last; each is larger than the next."""
    writer = DumpWriter()
    for shape in range(SHAPES):
        writer.hash(0x1000 + 0x100 * shape, {"abcdef"[shape]: 0x1000 + 0x100 * shape}, size=1000 - shape)
    writer.hash(0x8000, {"f": 0x8000}, size=10)
    path = tmp_path / "shapes.pmat"
    path.write_bytes(writer.to_bytes())
    return open_dump(path, Settings())


def keys(heap: Heap, found: leaks.Leaks) -> list[str]:
    """What tells the shapes apart, in the order of the report."""
    return [finding.cycle[0].name for finding in found.report.findings]


def test_all_are_told_up_to_the_limit(dump: Dump, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "MOST_FINDINGS", SHAPES)
    found = leaks.find_leaks(dump.heap)
    assert keys(dump.heap, found) == ["f", "a", "b", "c", "d", "e"]
    assert found.report.more == Sum()
    assert found.report.sum_leaked == Sum(6, 7, 995 + 10 + 1000 + 999 + 998 + 997 + 996)


def test_the_heaviest_are_told_and_the_others_are_summed(dump: Dump, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "MOST_FINDINGS", 2)
    everything = leaks.find_leaks(dump.heap).report.sum_leaked
    found = leaks.find_leaks(dump.heap)
    assert keys(dump.heap, found) == ["f", "a"]
    assert found.report.more == Sum(4, 4, 999 + 998 + 997 + 996)
    assert found.report.sum_leaked == everything


def test_both_reports_say_that_there_are_more(dump: Dump, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "MOST_FINDINGS", 2)
    text = leaks_text(dump.leaks.report, dump.marked, (), ReportSource(dump.places, Path.cwd())).plain
    assert "and 4 more leaks, none of them heavier than these" in text
    assert "6 proven leaks (7 islands" in text
    answer = json.loads(leaks_json(dump.heap, dump.leaks.report, dump.marked, ()))
    assert (len(answer["findings"]), answer["more_findings"], answer["more_self_held"]) == (2, 4, 0)
