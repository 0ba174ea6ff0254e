"""Runs a command to its end, and says how long it took and how much memory it had."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of ru_maxrss."""


class Failed(Exception):
    """A command did not do what it should; the message says what it said."""


@dataclass(frozen=True)
class Run:
    """One process with all its children."""

    seconds: float
    peak: int
    """Bytes of the largest of its processes, at its greatest."""
    finished: bool
    """False where it was ended when its time was up; then it would have taken longer than `seconds`."""


def timed(
    command: Sequence[str], timeout: float, environment: Mapping[str, str], expected: Sequence[int] = (0,)
) -> Run:
    """Run a command.

    Args:
        command: the program and its arguments.
        timeout: seconds after which it is ended, with its children.
        environment: all variables that it sees.
        expected: exit statuses that mean success.

    Raises:
        Failed: it ended with another status.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    late = threading.Event()
    timer = threading.Timer(timeout, _end, (process.pid, late))
    timer.start()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if not late.is_set() and process.returncode not in expected:
        raise Failed(f"{' '.join(command)}: exit status {process.returncode}: {said.decode(errors='replace')[-500:]}")
    return Run(seconds, usage.ru_maxrss * _MAXRSS_UNIT, not late.is_set())


def _end(process: int, late: threading.Event) -> None:
    late.set()
    os.killpg(process, signal.SIGKILL)


def median(runs: Sequence[Run]) -> Run:
    """The median time and the median peak; finished only if all of them are."""
    return Run(
        statistics.median(run.seconds for run in runs),
        int(statistics.median(run.peak for run in runs)),
        all(run.finished for run in runs),
    )
