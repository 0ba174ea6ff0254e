"""How much longer a first `leaks` takes on a busy machine: `python -m tests.benchmarks.under_load DUMP`.

Runs `pmat-lsp leaks DUMP` with an empty cache, alone and beside four loops that compute without end, in turn, all of
them on the same two cores. Prints the median times in seconds, and their ratio.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.benchmarks.__main__ import CACHE_VARIABLE, LEAKS_FOUND
from tests.benchmarks.timing import Run, median, timed

CORES = 2
LOOPS = 4
TIMEOUT = 600.0
"""Seconds after which a run is ended."""
_LOOP = "while True: pass"


def measure(dump: Path, rounds: int, loops: int = LOOPS) -> tuple[Run, Run]:
    """The medians of the runs alone, and of those beside `loops` loops."""
    first_leaks(dump)  # So that the file is in memory for all that are measured.
    quiet, busy = [], []
    for _ in range(rounds):
        quiet.append(first_leaks(dump))
        with computing(loops):
            busy.append(first_leaks(dump))
    return median(quiet), median(busy)


def first_leaks(dump: Path) -> Run:
    """One run without an index from before."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "pmat_lsp", "leaks", str(dump)]
        return timed(command, TIMEOUT, {**os.environ, CACHE_VARIABLE: cache}, (0, LEAKS_FOUND))


@contextmanager
def computing(loops: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that compute as long as the block runs."""
    with ExitStack() as ended:
        started = []
        for _ in range(loops):
            process = ended.enter_context(subprocess.Popen([sys.executable, "-c", _LOOP]))
            ended.callback(process.kill)
            started.append(process)
        yield started


def stay_on(cores: int) -> None:
    """Keep this process and all that it starts from now on to so many cores, where the system can do that."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.under_load", description=__doc__)
    parser.add_argument("dump", metavar="DUMP", type=Path)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind (default: %(default)s)")
    arguments = parser.parse_args()
    stay_on(CORES)
    quiet, busy = measure(arguments.dump, arguments.rounds)
    times = f"{quiet.seconds:.2f} s alone, {busy.seconds:.2f} s beside {LOOPS} busy loops on {CORES} cores"
    print(f"first leaks of {arguments.dump.name}: {times}, {busy.seconds / quiet.seconds:.1f} times as long")


if __name__ == "__main__":
    main()
