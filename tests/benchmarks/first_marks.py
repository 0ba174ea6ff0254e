"""How soon an editor shows the first mark of the demo: `python -m tests.benchmarks.first_marks`.

Starts the real server as Neovim does, with the first messages of the recorded session, in a copy of the demo. Measures
from before the process is started until the first diagnostics have come: with an empty cache, and with the index of the
round before. Prints, in milliseconds, the median and the least of the time that passed, and the median of the processor
time that the server and its children had taken by then.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmat_lsp.cli.demonstration import put_demo
from tests.benchmarks.__main__ import CACHE_VARIABLE
from tests.benchmarks.player import RECORDING, SERVER
from tests.benchmarks.recording import read_recording
from tests.benchmarks.wire import Server, running

ROOT = Path(__file__).parent.parent.parent
_OPENED = Path("lib", "Courier", "Connection.pm")
"""The file that the person looks at."""
_FIRST_FIELD = 11
"""Of /proc/PID/stat behind the name of the program: the ticks of the process and of the children that have ended."""


@dataclass(frozen=True, slots=True)
class FirstMarks:
    """One start of the server."""

    seconds: float
    """From the start of the process until the first diagnostics."""
    cpu: float
    """Seconds of processor time of the server, and of its children that had ended, at that moment."""


def first_marks(workspace: Path, cache: Path) -> FirstMarks:
    """Start a server in a copy of the demo, and wait for the first diagnostics."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), CACHE_VARIABLE: str(cache)}
    began = time.perf_counter()
    with running(SERVER, workspace, {"workspace/configuration": [None]}, environment) as server:
        _greet(server, workspace)
        server.until(lambda: bool(server.published))
        cpu = _cpu(server)
        return FirstMarks(min(server.published.values()) - began, cpu)


def _greet(server: Server, workspace: Path) -> None:
    places = {"workspace": str(workspace), "dump": "", "sources": ""}
    greeting: dict[str, Any] = dict(read_recording(RECORDING, places).messages[0]["params"])
    greeting |= {"processId": os.getpid(), "initializationOptions": None}
    server.ask("initialize", greeting)
    server.notify("initialized", {})
    file = workspace / _OPENED
    opened = {"uri": file.as_uri(), "languageId": "perl", "version": 1, "text": file.read_text(encoding="utf-8")}
    server.notify("textDocument/didOpen", {"textDocument": opened})


def _cpu(server: Server) -> float:
    status = Path(f"/proc/{server.id}/stat")
    if not status.exists():
        return 0.0
    ticks = status.read_text().rpartition(")")[2].split()[_FIRST_FIELD : _FIRST_FIELD + 4]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def measure(rounds: int) -> tuple[list[FirstMarks], list[FirstMarks]]:
    """(with an empty cache, with an index), in turn."""
    cold, warm = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            workspace, cache = Path(folder) / "courier", Path(folder) / "cache"
            put_demo(workspace)
            cold.append(first_marks(workspace, cache))
            warm.append(first_marks(workspace, cache))
    return cold, warm


def line(name: str, starts: Sequence[FirstMarks]) -> str:
    """A row of the table."""
    taken = [start.seconds * 1000 for start in starts]
    cpu = statistics.median(start.cpu * 1000 for start in starts)
    return f"| {name} | {statistics.median(taken):.0f} | {min(taken):.0f} | {cpu:.0f} |"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.first_marks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="starts of each kind (default: %(default)s)")
    arguments = parser.parse_args()
    cold, warm = measure(arguments.rounds)
    lines = ["| first marks of the demo, ms | median | least | processor time |", "|---|--:|--:|--:|"]
    lines += [line("with an empty cache", cold), line("with an index", warm)]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
