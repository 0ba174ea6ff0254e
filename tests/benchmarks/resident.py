"""What the server has in memory, and how long it answers nothing: `python -m tests.benchmarks.resident DUMP...`.

Starts the real server without a dump, then loads one after the other; all the time it is asked every few milliseconds
for something that only its event loop answers. Prints a row at the start and one for each dump that was loaded: memory
of its own, that of mapped files, and the longest time until the loop answered while that dump was loaded and prepared.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.player import SERVER
from tests.benchmarks.wire import Server, running

_PAUSE = 0.005
_REST = 3.0
"""Seconds in which the server prepares what is asked for first, after a dump was loaded."""
_ASKED = "pmat/catalogue"
"""A request that no thread but the loop's has to do with."""


class Pulse:
    """Asks again and again, in a thread of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._over = threading.Event()
        self.seconds: list[float] = []
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def _ask(self) -> None:
        while not self._over.wait(_PAUSE):
            self.seconds.append(self._server.ask(_ASKED, {}).seconds)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, when the last answer has come."""
        self._over.set()
        self._thread.join()


@contextmanager
def pulse(server: Server) -> Iterator[list[float]]:
    """The seconds that each answer took, complete when the block ends."""
    asking = Pulse(server)
    asking.start()
    try:
        yield asking.seconds
    finally:
        asking.stop()


def kept(server: Server) -> tuple[int, int]:
    """MiB of the process: (its own, pages of mapped files)."""
    status = Path(f"/proc/{server.id}/status").read_text(encoding="utf-8")
    lines = dict(line.split(":", 1) for line in status.splitlines())
    own, of_files = (int(lines[key].split()[0]) >> 10 for key in ("RssAnon", "RssFile"))
    return own, of_files


def main() -> None:
    """Measure, and print a table."""
    dumps = [Path(name).absolute() for name in sys.argv[1:]]
    print("| loaded | own memory, MiB | of files, MiB | seconds | longest without an answer, ms | 99 % |")
    print("|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder, running(SERVER, Path(folder), {}) as server:
        server.ask("initialize", {"processId": None, "capabilities": {}, "initializationOptions": {"dump": ""}})
        server.notify("initialized", {})
        # The first one imports what it tells of.
        server.ask(_ASKED, {})
        time.sleep(_REST)
        print(f"| nothing | {kept(server)[0]} | {kept(server)[1]} | | | |", flush=True)
        for dump in dumps:
            with pulse(server) as seconds:
                began = time.perf_counter()
                server.ask("workspace/executeCommand", {"command": "pmat.load", "arguments": [str(dump)]})
                took = time.perf_counter() - began
                time.sleep(_REST)
            own, of_files = kept(server)
            slowest, most = max(seconds) * 1000, sorted(seconds)[int(len(seconds) * 0.99)] * 1000
            print(f"| {dump.name} | {own} | {of_files} | {took:.1f} | {slowest:.0f} | {most:.0f} |", flush=True)


if __name__ == "__main__":
    main()
