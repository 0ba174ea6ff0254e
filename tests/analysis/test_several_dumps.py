"""`diff`, `leakreport`, `counts`, `list-orphans` against Devel::MAT's scripts; `compare` against known programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.text import Text

from pmat_lsp.analysis.compare import FINDING, compare_table
from pmat_lsp.analysis.diff import diff_tree
from pmat_lsp.analysis.growth import counts_table, stayed_table
from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.analysis.orphans import orphans_table
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.scripts_text import counts_text, diff_text, orphans_text, stayed_text
from tests.dumps import CORPUS, needs_corpus

DUMPS = CORPUS / "bookworm-amd64-perl5.36.0"


def series(name: str) -> list[Heap]:
    """The three dumps of a program that grows."""
    return [load(DUMPS / f"{name}-{number}.pmat.xz") for number in (1, 2, 3)]


def expected(name: str) -> list[str]:
    """What the reference prints."""
    return plain((DUMPS / "scripts" / name).read_text(encoding="utf-8"))


def plain(text: str) -> list[str]:
    """Lines without what differs on purpose: paths, blanks at ends, and IV for UV.

    The reference, at this version, calls an integer UV where the dump's flags say that it is signed.
    """
    text = text.replace(f"{DUMPS}/", "").replace(".pmat.xz", ".pmat")
    return [re.sub(r"SCALAR\(UV", "SCALAR(IV", line).rstrip() for line in text.splitlines()]


@needs_corpus
@pytest.mark.parametrize(("name", "letter"), [("e_growing_cache", "e"), ("f_growing_handlers", "f")])
def test_diff_and_leakreport_print_what_the_scripts_print(name: str, letter: str) -> None:
    heaps = series(name)
    assert plain(diff_text(diff_tree(heaps[0], heaps[1])).plain) == expected(f"pmat-diff_{letter}1_{letter}2.txt")
    # The script's order is that of perl's hashes.
    stayed = plain(stayed_text(stayed_table(heaps)).plain)
    assert sorted(stayed) == sorted(expected(f"pmat-leakreport_{letter}.txt"))


@needs_corpus
def test_the_totals_of_counts_are_those_of_the_script() -> None:
    """Kind by kind too, but for UNDEF, which the script adds to SCALAR."""
    ours = plain(counts_text(counts_table(series("e_growing_cache"))).plain)
    merged = re.compile(r"  (SCALAR|UNDEF)")

    def told(lines: list[str]) -> list[str]:
        return [" ".join(line.split()) for line in lines if not merged.match(line)]

    theirs = told(expected("pmat-counts_e.txt"))
    assert told(ours) == theirs
    assert len(theirs) > 30


@needs_corpus
@pytest.mark.parametrize("name", ["a_conn_leak", "b_conn_fixed", "c_self_closure", "d_tree_parents"])
def test_orphans_are_those_of_the_script(name: str) -> None:
    ours = orphans_text(orphans_table(load(DUMPS / f"{name}.pmat.xz")))
    assert plain(ours.plain) == expected(f"pmat-list-orphans_{name}.txt")


def test_a_dump_does_not_differ_from_itself(demo_dump: Path) -> None:
    heap = load(demo_dump)
    leaks = find_leaks(heap)
    assert [row.values[:2] for row in diff_tree(heap, heap).rows] == [("gone", 0), ("new", 0), ("common", heap.n)]
    rows = compare_table(heap, leaks, heap, leaks).rows
    assert len(rows) == len(leaks.report.findings) > 0
    assert {row[:2] for row in rows} == {(FINDING, "same")}
    assert stayed_table([heap] * 3).rows == ()


@needs_corpus
def test_a_fix_shows_as_a_finding_that_is_gone_and_its_absence_as_a_new_one() -> None:
    leaking, fixed = (load(DUMPS / f"{name}.pmat.xz") for name in ("a_conn_leak", "b_conn_fixed"))
    leaks = {id(heap): find_leaks(heap) for heap in (leaking, fixed)}
    pairs: list[tuple[Heap, Heap, str, Callable[[tuple[object, ...]], object]]] = [
        (leaking, fixed, "gone", lambda row: row[4:6]),
        (fixed, leaking, "new", lambda row: row[5:3:-1]),
    ]
    for before, after, change, counts in pairs:
        rows = compare_table(before, leaks[id(before)], after, leaks[id(after)]).rows
        findings = [row for row in rows if row[0] == FINDING]
        assert [(row[1], counts(row)) for row in findings] == [(change, (20, 0))]


def test_dump_strings_cannot_reach_the_terminal_raw(demo_dump: Path) -> None:
    heap = load(demo_dump)
    texts: list[Text] = [orphans_text(orphans_table(heap)), counts_text(counts_table([heap, heap]))]
    assert not any(set(text.plain) & set("\x00\x07\x1b\x7f\r") for text in texts)
