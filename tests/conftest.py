"""Where the dumps of the tests are, and a line at the top of the report that says which of them are here."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests.dumps import CORPUS, corpus_dumps, own_dumps

# The tests, and every process that they start, keep their indexes apart from those of the user.
os.environ["PMAT_LSP_CACHE"] = tempfile.mkdtemp(prefix="pmat-lsp-tests-")

# What is slow because the machine has other work is not wrong.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A shell that starts something beside itself lets it ignore Ctrl-C, and all that this starts in turn.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Remove the indexes of this process's tests."""
    shutil.rmtree(os.environ["PMAT_LSP_CACHE"], ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which dumps the run proves its claims on."""
    here = f"{len(corpus_dumps())} dumps in {CORPUS}" if CORPUS.is_dir() else f"not here ({CORPUS}): its tests skip"
    return [f"own dumps: {len(own_dumps())}", f"big corpus: {here}"]


@pytest.fixture(scope="session")
def demo_dump() -> Path:
    """The dump of the demo program."""
    return Path(__file__).parent.parent / "pmat_lsp" / "demo" / "courier.pmat.xz"
