"""Inputs that once broke something no longer do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.checking import check
from tests.fuzz.failures import FOUND


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in sorted(FOUND.glob("*.pmat"))])
def test_what_was_found_gives_an_error_or_an_answer(path: Path, tmp_path: Path) -> None:
    assert check(path.read_bytes(), tmp_path) in ("error", "answer")
