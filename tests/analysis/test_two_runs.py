"""Two runs of one program, with other hash seeds, environments and addresses: they differ in nothing that is told."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from pmat_lsp.analysis import compare
from pmat_lsp.analysis.compare import CONTAINER, FINDING, compare_table
from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.leaks import Leaks, find_leaks
from pmat_lsp.analysis.tables import Table
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.scripts_text import compare_text
from tests.cures.running import needs_dumper
from tests.dumps import ROOT

PROGRAMS = ROOT / "tests" / "programs"
RUNS = {"1": 0, "5eed": 700, "c0ffee": 3000}
"""Hash seed → how many bytes the environment has more."""
RUN_TWICE = (
    "runs/names.pl",
    "runs/leaks.pl",
    "registry_growth.pl",
    "linked_ring.pl",
    "nested_islands.pl",
    "pipe_ends.pl",
    "gensym_handle.pl",
    "string_eval.pl",
    "odd_classes.pl",
    "many_values.pl",
)
OF_NAMES = {
    ("%cache of lib/Shop/Cache.pm", "HASH"): 1,  # several subs have it
    ("%shared of names.pl", "HASH"): 1,
    ("$by_name of lib/Shop/Hub.pm", "HASH"): 1,
    ("@log of the sub Shop::Cache::note", "ARRAY"): 1,  # a sub and closures in it
    ("%seen of the sub Shop::Cache::count", "HASH"): 1,  # its own
    ("%own of main program", "HASH"): 1,
    ("$both of names.pl", "HASH"): 1,  # two closures at different lines
    ("@rest of the closure at names.pl:26", "ARRAY"): 7,  # two closures at one line
    ("@made of the closure at (eval …):1", "ARRAY"): 8,
    ("%Another::NAME", "HASH"): 1,  # of three globs
    ("@Symbol::GEN…", "ARRAY"): 5,
    ("{subs} of Shop::Hub", "HASH"): 6,
    ("{CODE(0x…)} of HASH", "ARRAY"): 15,
    ("{GLOB(0x…)} of HASH", "ARRAY"): 3,
    ("{Shop::Hub=HASH(0x…)} of HASH", "HASH"): 1,
    ("{…} of HASH", "ARRAY"): 29,  # addresses in decimal, file numbers and others
}
"""Containers of names.pl → elements for each of its hubs."""

pytestmark = needs_dumper


@dataclass
class Run:
    """What one run of a program left."""

    heap: Heap
    leaks: Leaks


def run(folder: Path, program: str, seed: str, *arguments: str) -> Run:
    """A run with one of the hash seeds of `RUNS`."""
    script, dump = PROGRAMS / program, folder / f"{seed}.pmat"
    environment = {
        "PATH": os.environ["PATH"],
        "PERL_HASH_SEED": seed,
        "PADDING": "x" * RUNS[seed],
        "PMAT_OUT": str(dump),
    }
    command = ["perl", "-Ilib", script.name, *arguments]
    subprocess.run(command, cwd=script.parent, env=environment, check=True, capture_output=True, timeout=60)
    heap = load(dump)
    return Run(heap, find_leaks(heap))


def compared(before: Run, after: Run) -> Table:
    """What `compare` tells of two runs."""
    return compare_table(before.heap, before.leaks, after.heap, after.leaks)


def numbers(table: Table, about: str) -> dict[tuple[object, object], tuple[object, object]]:
    """(name, kind of SV) → counts before and after, of the rows about one thing; the title of a finding left out."""
    return {(row[2], None if about == FINDING else row[3]): (row[4], row[5]) for row in table.rows if row[0] == about}


@pytest.mark.parametrize("program", RUN_TWICE)
def test_two_runs_of_a_program_differ_in_nothing_but_the_findings_that_both_have(tmp_path: Path, program: str) -> None:
    first, *others = (run(tmp_path, program, seed) for seed in RUNS)
    findings = first.leaks.report.findings
    for other in others:
        table = compared(first, other)
        assert table.rows == ()
        assert table.more == len(findings)
        assert compare_text(table).plain.startswith("No finding, container, class or kind has grown or shrunk.\n")
        assert set(finding_ids(other.leaks.report.findings)) == set(finding_ids(findings))


@pytest.mark.parametrize("program", ["runs/names.pl", "runs/leaks.pl"])
def test_more_work_has_the_same_names_with_larger_numbers_whichever_run_is_first(tmp_path: Path, program: str) -> None:
    few, many = run(tmp_path, program, "1", "7"), run(tmp_path, program, "c0ffee", "21")
    forth, back = compared(few, many), compared(many, few)
    for about in (CONTAINER, FINDING, "class", "kind"):
        grown = numbers(forth, about)
        assert numbers(back, about) == {name: (after, before) for name, (before, after) in grown.items()}
    assert {row[1] for row in forth.rows} == {"grown"}
    assert {row[1] for row in back.rows} == {"shrunk"}
    assert not [row for row in forth.rows if "0x5" in str(row[2])]


def test_containers_are_named_by_what_does_not_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = run(tmp_path, "runs/names.pl", "1", "7"), run(tmp_path, "runs/names.pl", "5eed", "21")
    monkeypatch.setattr(compare, "_MOST_CHANGED", 1000)
    found = numbers(compared(few, many), CONTAINER)
    assert found.items() >= {name: (7 * each, 21 * each) for name, each in OF_NAMES.items()}.items()
