"""Every case has the verdicts, places, advice and fixes that `tests/cases.py` says, whatever its classes are called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pmat_lsp.cli.main import main
from tests.cases import CASES, CASES_FOLDER, Renaming, _packages, _sources, judge, report_of, run_case
from tests.perl import require_modules

NAMES = {"as-is": "", "first": "Aaa", "last": "Zzz"}
"""What the classes are called: as they are, or in reverse order, before or after those of every module."""


def variants() -> list[object]:
    """Each case with its own names, and with others where it has classes."""
    return [
        pytest.param(case, prefix, id=f"{case}-{variant}")
        for case in CASES
        for variant, prefix in NAMES.items()
        if not prefix or any(_packages(path) for path in _sources(CASES_FOLDER / case))
    ]


@pytest.mark.parametrize(("name", "prefix"), variants())
def test_a_case_is_told_as_it_is(name: str, prefix: str, tmp_path: Path) -> None:
    case = CASES[name]
    require_modules("Devel::MAT::Dumper", *case.modules.split())
    assert judge(case, run_case(name, tmp_path, prefix)) == {}


def test_every_folder_is_a_case() -> None:
    assert {path.name for path in CASES_FOLDER.iterdir()} == set(CASES)
