"""Ordinary programs of real frameworks leak nothing, also while their connections, futures and requests are open."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.frameworks import FOLDER, Program, display, objects, programs
from tests.perl import has_module, require_modules

TK = Program(FOLDER / "tk_widgets.pl", ())


def leaks_nothing(program: Program, folder: Path) -> None:
    """The program does what it says, has in flight what it says, and no leak is found."""
    ran = program.run(folder)
    assert ran.output == program.prints
    found = objects(ran.dump)
    assert {package: found[package] for package, least in program.alive.items() if found[package] < least} == {}
    report = ran.dump.leaks.report
    assert [finding.title for finding in report.findings] == []
    assert report.proven == 0


@pytest.mark.parametrize("program", [pytest.param(program, id=program.name) for program in programs() if program != TK])
def test_a_program_of_a_framework_has_no_proven_leak(program: Program, tmp_path: Path) -> None:
    require_modules("Devel::MAT::Dumper", *program.modules)
    leaks_nothing(program, tmp_path)


@pytest.mark.skipif(not shutil.which("Xvfb") or not has_module("Tk"), reason="Tk needs perl-tk and xvfb")
def test_tk_has_no_proven_leak(tmp_path: Path) -> None:
    with display() as name:
        leaks_nothing(replace(TK, environment=(f"DISPLAY={name}",)), tmp_path)
