"""The command line starts processes, which must find the package wherever a test stands."""

from __future__ import annotations

import pytest

from tests.dumps import ROOT


@pytest.fixture(autouse=True)
def _package_is_found_from_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
