"""Cures on real programs: after the change perl frees what leaked, and the program prints the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pmat_lsp.session import Settings, open_dump
from tests.cures.running import PROGRAMS, copied, cures_of, make, needs_dumper, run
from tests.dumps import ROOT

pytestmark = needs_dumper
NAMES = sorted(path.name for path in PROGRAMS.glob("*.pl"))
MOST_ROUNDS = 3


def expected(name: str) -> list[tuple[str, bool]]:
    """(title, whether it is proven) of each cure that the comment of a program names."""
    lines = re.findall(r"^# cure(\??): (.+)$", (PROGRAMS / name).read_text(), re.MULTILINE)
    return [(title, not question) for question, title in lines]


@pytest.mark.parametrize("name", NAMES)
def test_each_cure_that_a_program_names_is_offered(name: str, tmp_path: Path) -> None:
    offered = [(cure.title, cure.is_safe) for cure in run(copied(tmp_path, name)).cures()]
    assert expected(name)
    assert set(expected(name)) <= set(offered)


@pytest.mark.parametrize("name", NAMES)
def test_the_cured_program_does_not_leak_and_prints_the_same(name: str, tmp_path: Path) -> None:
    script = copied(tmp_path, name)
    before = now = run(script)
    assert before.patterns
    assert before.output
    for _ in range(MOST_ROUNDS):
        if now.findings:
            cured = now.cures()[0]
            make(cured)
            after = run(script)
            assert len(after.findings) < len(now.findings)
            now = after
    assert now.patterns == []
    assert now.output == before.output


@pytest.mark.parametrize("name", NAMES)
def test_every_single_cure_that_is_offered_takes_its_finding_away(name: str, tmp_path: Path) -> None:
    script = copied(tmp_path, name)
    text, before = script.read_bytes(), run(script)
    for cure in before.cures():
        make(cure)
        after = run(script)
        assert len(after.findings) < len(before.findings)
        assert after.output == before.output
        script.write_bytes(text)


def test_a_cure_is_made_in_the_module_where_the_closure_is(tmp_path: Path) -> None:
    script = Path(shutil.copy(PROGRAMS.parent / "module_closure.pl", tmp_path))
    shutil.copytree(PROGRAMS.parent / "lib", tmp_path / "lib")
    (cure,) = run(script).cures()
    assert [changed.path.relative_to(tmp_path) for changed in cure.files] == [Path("lib/Relay.pm")]
    make(cure)
    assert run(script).patterns == []


def test_the_demo_is_cured_in_its_text_and_reads_the_novel_to_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "courier"
    shutil.copytree(ROOT / "pmat_lsp" / "demo" / "program", folder)
    dump = open_dump(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz", Settings(source_roots=(folder,)))
    assert _read_novel(folder) == ""
    (cure,) = cures_of(dump)
    assert (cure.title, cure.is_safe) == ("Capture a weakened copy of $conns", True)
    make(cure)
    output = _read_novel(folder)
    assert re.fullmatch(r"200 chapters, \d+ words\n", output)
    cured = open_dump(folder / "cured.pmat", Settings(source_roots=(folder,)))
    assert cured.leaks.report.findings == ()


def _read_novel(folder: Path) -> str:
    """Run the demo with 64 file handles, and dump its heap at the end."""
    code = "END { Devel::MAT::Dumper::dump('cured.pmat') } require Devel::MAT::Dumper; do './app.pl'; die $@ if $@"
    command = ["sh", "-c", 'ulimit -n 64 && exec perl -Ilib -e "$0"', code]
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=60, check=False)
    return done.stdout.decode()
