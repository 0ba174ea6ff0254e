"""Every regular expression of the package takes linear time, whatever text it is given."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(signal, "ITIMER_PROF"), reason="no timer of the CPU here")


def _tried(*patterns: str) -> tuple[int, str]:
    """The status of the process that tries them, and its last line."""
    command = [sys.executable, "-m", "tests.patterns", *patterns]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


def test_every_pattern_of_the_package_is_linear() -> None:
    status, last = _tried()
    assert status == 0, last
    assert int(last.split()[0]) > 50


@pytest.mark.parametrize(
    "pattern",
    [r"\d+x", r"^#[ \t]*\d+[ \t]*(?:[ \t]\w+)?[ \t]*$", r"0*(\d+)\n", r"(?:\w+:)+=", r"\[[^\]]*\]", r"(?:ab*)*c"],
)
def test_a_pattern_that_is_not_linear_is_found(pattern: str) -> None:
    status, last = _tried(pattern)
    assert status == -signal.SIGPROF, last


@pytest.mark.parametrize("pattern", [r"\d+", r"a(?:;\s*)?b", r"[^x]*", r"^#\s+\w*$", r"(?<!\w)\w+(?!\w)=?"])
def test_a_pattern_that_is_linear_is_not(pattern: str) -> None:
    assert _tried(pattern) == (0, "1 patterns")
