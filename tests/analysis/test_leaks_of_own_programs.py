"""Each program in tests/programs says in its head what it leaks; its dump says the same, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.analysis.patterns import PATTERNS
from pmat_lsp.analysis.result import SELF_HELD, Finding
from tests.dumps import ROOT, heap_of

PROGRAMS = sorted((ROOT / "tests" / "programs").glob("*.pl"))


class Expectation(NamedTuple):
    """One `# expect:` line: all that it may say."""

    pattern: str
    islands: int
    classes: frozenset[str]
    closures: frozenset[str]
    handles: int
    large_strings_at_least: int


def expectations(program: Path) -> list[Expectation]:
    """The `# expect:` lines at the head of a program."""
    lines = re.findall(r"^# expect: (.*)$", program.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert lines, f"{program.name} does not say what it leaks"
    return [] if lines == ["none"] else [expectation(line) for line in lines]


def expectation(line: str) -> Expectation:
    """`self-callback count=5 classes=Widget closures=self_callback.pl:13 handles=0`."""
    pattern, _, rest = line.partition(" ")
    words = dict(re.findall(r'(\w+)=("[^"]*"|\S+)', rest))

    def names(word: str) -> frozenset[str]:
        value = words[word].strip('"')
        return frozenset() if value == "-" else frozenset(value.split(","))

    large = int(words.get("large_strings_at_least", 0))
    return Expectation(pattern, int(words["count"]), names("classes"), names("closures"), int(words["handles"]), large)


def told(finding: Finding, large_strings_at_least: int) -> Expectation:
    """A finding in the words of an expectation."""
    return Expectation(
        finding.code,
        finding.count,
        frozenset(finding.classes),
        frozenset(str(closure.location) for closure in finding.closures),
        len(finding.handles),
        large_strings_at_least if finding.large_strings >= large_strings_at_least else finding.large_strings,
    )


@pytest.mark.parametrize("program", [pytest.param(program, id=program.stem) for program in PROGRAMS])
def test_a_program_leaks_what_its_head_says(program: Path) -> None:
    wanted = expectations(program)
    findings = find_leaks(heap_of(ROOT / "tests" / "data" / f"{program.stem}.pmat.xz")).report.all_findings
    least = max((expected.large_strings_at_least for expected in wanted), default=0)
    assert sorted(told(finding, least) for finding in findings) == sorted(wanted)


def test_every_pattern_has_a_program() -> None:
    shown = {expected.pattern for program in PROGRAMS for expected in expectations(program)}
    assert shown == {rule.code for rule in PATTERNS} | {SELF_HELD}


def test_every_dump_has_a_program() -> None:
    dumps = {path.name.removesuffix(".pmat.xz") for path in (ROOT / "tests" / "data").glob("*.pmat.xz")}
    assert dumps == {program.stem for program in PROGRAMS} | {"courier_fixed"}


def test_the_fixed_demo_leaks_nothing() -> None:
    report = find_leaks(heap_of(ROOT / "tests" / "data" / "courier_fixed.pmat.xz")).report
    assert (report.findings, report.proven) == ((), 0)


def test_the_demo_is_the_story(demo_dump: Path) -> None:
    (finding,) = find_leaks(heap_of(demo_dump)).report.findings
    assert finding.pattern.code == "container-capture"
    assert (finding.count, len(finding.handles)) == (59, 59)
    assert finding.access_path == "$conns->[0]{on_closed}"
    assert [str(closure.location) for closure in finding.closures] == [
        "lib/Courier/Connection.pm:43",
        "lib/Courier/HTTP.pm:80",
    ]
    assert [hop.label for hop in finding.cycle] == ["->{on_closed}", "$on_closed", "$conns", "->[0]"]
