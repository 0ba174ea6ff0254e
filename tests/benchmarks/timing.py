"""Runs a command to its end, and says how long it took, how much it computed, and how much memory it had."""

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
from pathlib import Path

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of ru_maxrss."""
_SAMPLED_EVERY = 0.002
"""Seconds between two looks at the memory of a process."""


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
    cpu: float = 0
    """Seconds that it and its children computed, for themselves and in the system."""
    anonymous: int = 0
    """Bytes of the first process's own memory, at their greatest; 0 where the system does not tell them apart."""
    mapped: int = 0
    """Bytes of mapped files that were in its memory, at their greatest."""


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
    memory = _Memory(process.pid)
    memory.start()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    timer.cancel()
    memory.ended.set()
    memory.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if not late.is_set() and process.returncode not in expected:
        raise Failed(f"{' '.join(command)}: exit status {process.returncode}: {said.decode(errors='replace')[-500:]}")
    peak, cpu = usage.ru_maxrss * _MAXRSS_UNIT, usage.ru_utime + usage.ru_stime
    return Run(seconds, peak, not late.is_set(), cpu, memory.anonymous, memory.mapped)


class _Memory(threading.Thread):
    """Looks again and again at how much memory a process has, until `ended`."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.anonymous = self.mapped = 0
        self._status = Path(f"/proc/{process}/status")

    def run(self) -> None:
        while not self.ended.wait(_SAMPLED_EVERY):
            try:
                lines = self._status.read_text(encoding="utf-8").splitlines()
            except OSError:
                return
            told = {name: value for name, _, value in (line.partition(":") for line in lines)}
            self.anonymous = max(self.anonymous, _kibibytes(told.get("RssAnon")))
            self.mapped = max(self.mapped, _kibibytes(told.get("RssFile")))


def _kibibytes(text: str | None) -> int:
    """Bytes of `  4096 kB`; 0 of a process that has just ended."""
    return int(text.split()[0]) << 10 if text else 0


def _end(process: int, late: threading.Event) -> None:
    late.set()
    os.killpg(process, signal.SIGKILL)


def median(runs: Sequence[Run]) -> Run:
    """The median of each number; finished only if all of them are."""
    return Run(
        statistics.median(run.seconds for run in runs),
        int(statistics.median(run.peak for run in runs)),
        all(run.finished for run in runs),
        statistics.median(run.cpu for run in runs),
        int(statistics.median(run.anonymous for run in runs)),
        int(statistics.median(run.mapped for run in runs)),
    )
