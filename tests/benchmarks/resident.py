"""What the server has in memory, and how long it answers nothing: `python -m tests.benchmarks.resident DUMP...`.

Starts the real server without a dump, then loads one after the other; all the time it is asked every few milliseconds
for something that only its event loop answers. Prints a row at the start and one for each dump that was loaded: memory
of its own, that of mapped files, and the longest time until the loop answered while that dump was loaded and prepared.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.player import SERVER
from tests.benchmarks.wire import Server, running

_PAUSE = 0.005
_REST = 3.0
"""Seconds in which the server prepares what is asked for first, after a dump was loaded."""
_ASKED = "pmat/nothing"
"""A request that there is not: the loop alone answers that."""


def load(server: Server, dump: Path) -> tuple[float, list[float]]:
    """Load a dump. Returns the seconds that it took, and those of each answer meanwhile and in a rest after it."""
    began = time.perf_counter()
    loading = server.send("workspace/executeCommand", {"command": "pmat.load", "arguments": [str(dump)]})
    answers: list[float] = []
    took = 0.0
    while not took or time.perf_counter() < began + took + _REST:
        answers.append(server.ask(_ASKED, {}).seconds)
        if not took and server.has_replied(loading):
            took = server.reply(loading).seconds
        time.sleep(_PAUSE)
    return took, answers


def kept(server: Server) -> tuple[int, int]:
    """MiB of the process: (its own, pages of mapped files)."""
    status = Path(f"/proc/{server.id}/status").read_text(encoding="utf-8")
    lines = dict(line.split(":", 1) for line in status.splitlines())
    own, of_files = (int(lines[key].split()[0]) >> 10 for key in ("RssAnon", "RssFile"))
    return own, of_files


def main() -> None:
    """Measure, and print a table."""
    dumps = [Path(name).absolute() for name in sys.argv[1:]]
    print("| loaded | own memory, MiB | of files, MiB | seconds | answers: median, ms | 99 %, ms | longest, ms |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder, running(SERVER, Path(folder), {}) as server:
        server.ask("initialize", {"processId": None, "capabilities": {}, "initializationOptions": {"dump": ""}})
        server.notify("initialized", {})
        time.sleep(_REST)
        print(f"| nothing | {kept(server)[0]} | {kept(server)[1]} | | | | |", flush=True)
        for dump in dumps:
            took, answers = load(server, dump)
            own, of_files = kept(server)
            ordered = sorted(answers)
            marks = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
            times = " | ".join(f"{mark:.1f}" for mark in (*marks, ordered[-1] * 1000))
            print(f"| {dump.name} | {own} | {of_files} | {took:.1f} | {times} |", flush=True)


if __name__ == "__main__":
    main()
