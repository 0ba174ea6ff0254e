"""The report of the leaks: what it says, where it points, and that nothing in it acts on a terminal."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmat_lsp.render.report import finding_text, leaks_text
from pmat_lsp.render.report_parts import ReportSource, abbreviated
from pmat_lsp.session import Dump, Settings
from pmat_lsp.source.advice import Access, Advice, AdviceKind
from tests.dumps import ROOT, heap_of, own_dumps

DEMO = ROOT / "pmat_lsp" / "demo"
GOLDEN = Path(__file__).parent / "courier.report.txt"
anything = st.text(st.characters(exclude_categories=()))


def dump_of(path: Path, *roots: Path) -> Dump:
    return Dump(heap_of(path), Settings(source_roots=roots))


def report_of(path: Path, *roots: Path, folder: Path | None = None) -> str:
    dump = dump_of(path, *roots)
    source = ReportSource(dump.places, folder or (roots[0] if roots else ROOT))
    return leaks_text(dump.leaks.report, dump.marked, dump.marked_self_held, source).plain


def demo_copy(folder: Path) -> Path:
    return Path(shutil.copytree(DEMO / "program", folder / "program"))


def test_the_report_of_the_demo_is_the_one_that_was_reviewed() -> None:
    report = report_of(DEMO / "courier.pmat.xz", DEMO / "program")
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(report, encoding="utf-8")
    assert report == GOLDEN.read_text(encoding="utf-8")


def test_paths_outside_the_readers_folder_are_whole(tmp_path: Path) -> None:
    report = report_of(DEMO / "courier.pmat.xz", DEMO / "program", folder=tmp_path)
    assert f"--> {DEMO}/program/lib/Courier/HTTP.pm:79:22\n" in report


def test_a_source_that_is_not_here_is_said_with_the_recorded_place(tmp_path: Path) -> None:
    report = report_of(DEMO / "courier.pmat.xz", tmp_path)
    assert "--> lib/Courier/" in report
    assert ", as recorded" in report
    assert "= note    lib/Courier/HTTP.pm:80: no file here matches lib/Courier/HTTP.pm" in report
    assert "= chain   Courier::Connection" in report


def test_a_source_that_has_changed_is_said_and_the_mark_has_moved(tmp_path: Path) -> None:
    program = demo_copy(tmp_path)
    module = program / "lib" / "Courier" / "HTTP.pm"
    module.write_text("# a line more\n" * 5 + module.read_text(encoding="utf-8"), encoding="utf-8")
    report = report_of(DEMO / "courier.pmat.xz", program)
    assert "--> lib/Courier/HTTP.pm:84:22\n" in report
    assert "84 |         on_closed => sub {\n" in report
    assert "has changed since the dump" in report


def test_no_leak_is_said_with_what_was_checked_and_what_to_ask_next() -> None:
    report = report_of(ROOT / "tests" / "data" / "courier_fixed.pmat.xz")
    assert report.startswith("no proven leak. Checked ")
    assert re.search(r"\.\n.*`largest --retained`.*\n.*`compare` .*\.\n$", report)


def test_a_cycle_without_a_closure_has_a_report_too() -> None:
    report = report_of(ROOT / "tests" / "data" / "parent_child.pmat.xz")
    assert "no closure is on the cycle" in report
    assert "= help    weaken the reference that leads back" in report


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((3,), "3"),
        ((3, 4, 5, 6, 7), "3, 4, 5, 6, 7"),
        ((7, 9, 11, 13, 15, 63), "7, 9, 11 … 63"),
    ],
)
def test_many_file_numbers_are_abbreviated(numbers: tuple[int, ...], shown: str) -> None:
    assert abbreviated(numbers) == shown


@pytest.mark.parametrize("path", own_dumps(), ids=lambda path: path.name.partition(".")[0])
def test_every_own_dump_has_a_report_that_can_be_printed(path: Path) -> None:
    report = report_of(path, ROOT / "tests" / "programs")
    assert "Checked " in report
    assert_harmless(report)


@settings(max_examples=60, deadline=None)
@given(name=anything)
def test_no_name_out_of_a_dump_acts_on_the_terminal_or_breaks_the_lines(name: str) -> None:
    dump = dump_of(DEMO / "courier.pmat.xz", DEMO / "program")
    marked = dump.marked[0]
    finding = marked.finding
    hops = tuple(replace(hop, label=name, name=name, source_desc=name, target_desc=name) for hop in finding.cycle)
    access = Access("$x", (("key", name),), name)
    advice = Advice(AdviceKind.WEAKEN, owner=name, accesses=(access,))
    hostile = replace(marked, finding=replace(finding, title=name, cycle=hops), advice=advice)
    text = finding_text(hostile, ReportSource(dump.places, ROOT))
    assert_harmless(text.plain)
    assert text.plain.encode("utf-8")
    assert sum(" = " in line[:6] for line in text.plain.split("\n")) == 4


@settings(max_examples=40, deadline=None)
@given(line=anything.filter(lambda text: not {"\n", "\r"} & set(text)))
def test_no_line_of_a_source_acts_on_the_terminal(line: str) -> None:
    dump = dump_of(DEMO / "courier.pmat.xz", DEMO / "program")
    path = DEMO / "program" / "lib" / "Courier" / "HTTP.pm"
    marked = dump.marked[0]
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[78] += f" # {line}"
    dump.places.sources.set_text(path, "\n".join(lines))
    assert_harmless(finding_text(marked, ReportSource(dump.places, ROOT)).plain)


def assert_harmless(text: str) -> None:
    acting = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not [character for character in text.replace("\n", "") if unicodedata.category(character) in acting]
