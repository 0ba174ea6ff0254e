"""The odd heaps have the shapes that they are called by, and commands are timed on them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.heap.load import load
from tests.benchmarks.odd_heaps import (
    COLUMNS,
    GENERATOR,
    HEAPS,
    OddHeap,
    grown_most,
    head,
    measured,
    odd_dump,
    place_of,
    row,
)
from tests.benchmarks.test_benchmarks import has_dumper
from tests.benchmarks.timing import Run
from tests.benchmarks.written_heaps import WRITTEN

needs_dumper = pytest.mark.skipif(not has_dumper(), reason="no perl with Devel::MAT::Dumper here")
OF_PERL = [heap for heap in HEAPS if heap.name not in WRITTEN]
SIZE = 60
ISLANDS = {"shapes": (SIZE, 1, 3), "islands": (1, SIZE, 2), "closures": (1, SIZE, 4), "rings": (SIZE, 1, 600)}
"""By heap of SIZE: findings, islands of each, SVs of each island; one of each in all others."""
SVS = {
    "scc": SIZE,
    "ring": 2 * SIZE,
    "list": 2 * SIZE + 2,
    "hash": SIZE + 2,
    "star": 3 * SIZE + 1,
    "capturing": 5 * SIZE + 1,
}


@needs_dumper
@pytest.mark.parametrize("name", [heap.name for heap in OF_PERL])
def test_a_heap_has_the_shape_that_it_is_called_by(name: str, tmp_path: Path) -> None:
    dump, address = odd_dump(tmp_path, name, SIZE)
    heap = load(dump)
    assert heap.id_at(int(address, 16)) >= 0
    findings = find_leaks(heap).report.findings
    count, islands, svs = ISLANDS.get(name, (1, 1, SVS.get(name, 7 * SIZE + 4)))
    assert [(finding.count, finding.svs_total) for finding in findings] == [(islands, islands * svs)] * count
    written = dump.stat().st_mtime_ns
    assert odd_dump(tmp_path, name, SIZE) == (dump, address)
    assert dump.stat().st_mtime_ns == written


@needs_dumper
def test_every_command_and_a_hover_are_timed(tmp_path: Path) -> None:
    heap = next(heap for heap in HEAPS if heap.name == "closures")
    times = measured(heap, 20, tmp_path, timeout=60)
    assert tuple(times) == COLUMNS
    assert all(run and run.finished for run in times.values())


@needs_dumper
def test_a_command_that_is_not_over_in_time_is_ended_and_not_tried_on_a_larger_heap(tmp_path: Path) -> None:
    times = measured(HEAPS[0], 20, tmp_path, timeout=0.01)
    assert not any(run and run.finished for run in times.values())
    ended = {name: Run(1, 0, False) for name in times}
    assert measured(HEAPS[0], 40, tmp_path, timeout=60, known=ended) == ended


def test_the_table_says_how_times_have_grown_and_what_was_ended_or_failed() -> None:
    names = COLUMNS[:4]
    half = dict(zip(names, (Run(1, 0, True, 0.5), Run(1, 0, True, 0.5), None, Run(1, 0, True, 0)), strict=True))
    whole = dict(zip(names, (Run(3, 0, True, 1.5), Run(60, 0, False, 60), None, Run(2, 0, True, 0.01)), strict=True))
    cells = "3.00 s, CPU 1.50 s, 3.0× | > 60.00 s | failed | 2.00 s, CPU 0.01 s"
    empty = " |" * (len(COLUMNS) - len(names))
    assert row(replace(HEAPS[0], title="heap"), half, whole).replace("  |", " |") == f"| heap | {cells} |{empty}"
    assert all(line.count("|") == len(COLUMNS) + 2 for line in head())


def test_the_greatest_growth_counts_where_it_is_not_the_start_of_the_program() -> None:
    half = {"a": Run(1, 0, True, 0.5), "b": Run(1, 0, True, 0.01), "c": None}
    assert grown_most(half, {"a": Run(1, 0, True, 1), "b": Run(1, 0, True, 0.2), "c": None}) == 2
    assert grown_most(half, {"a": None, "b": Run(1, 0, True, 0.2), "c": None}) == 0


@pytest.mark.parametrize("heap", [heap for heap in HEAPS if heap.hovered], ids=lambda heap: heap.name)
def test_what_is_hovered_stands_in_the_generator_once(heap: OddHeap) -> None:
    assert heap.hovered is not None
    text = GENERATOR.read_text(encoding="utf-8")
    position = place_of(text, *heap.hovered)
    assert heap.hovered[1][1:] in text.splitlines()[position["line"]][position["character"] :]


@pytest.mark.skipif(not shutil.which("perl"), reason="no perl here")
def test_the_generator_says_which_heaps_there_are() -> None:
    said = subprocess.run(["perl", GENERATOR, "no-such", "1", "x"], capture_output=True, text=True).stderr
    assert said.endswith(f"NAME is one of {' '.join(sorted(heap.name for heap in OF_PERL))}\n") or not has_dumper()
