"""A long day, replayed: `python -m tests.benchmarks.soak`.

Plays the recorded two hours of editing against the real server as fast as it answers. Meanwhile a program writes 200
dumps into a folder that the server watches: plain and compressed ones, some over earlier ones, some cut short, some
removed again. The server must follow: show each that is whole, say what leaked, and show the dump of the session when
that is written again. Prints memory, open files and threads of the server and its children, together: as they were
before each dump was written, in quarters, and the most at any time. The exit status is 1 where one of them grew, or an
answer was an error.
"""

from __future__ import annotations

import argparse
import gzip
import lzma
import os
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pmat_lsp.format.container import read_dump
from pmat_lsp.units import format_bytes
from tests.benchmarks.__main__ import CACHE_VARIABLE, FOLDER, count
from tests.benchmarks.dumps import BenchDump, bench_dump
from tests.benchmarks.player import Played, play
from tests.benchmarks.wire import Message, Server
from tests.dumps import own_dumps

MOST_GROWN = 1.05
"""By what factor the median of the memory may grow from the second quarter to the last: it is never the same twice."""
_SAMPLED_EVERY = 0.2
"""Seconds between two looks at the processes."""
_NAMES = 25
"""Files that the dumps have among them: later ones are written over earlier ones."""
_BROKEN, _REMOVED = 7, 5
"""Every so many dumps are cut short, or removed once they are shown."""
_PACKINGS: Sequence[tuple[str, Callable[[bytes], bytes]]] = (
    (".pmat", bytes),
    (".pmat.gz", gzip.compress),
    (".pmat.xz", partial(lzma.compress, preset=0)),
)


@dataclass(frozen=True)
class Sample:
    """The server and its children at one moment, together."""

    own: int
    """Bytes of memory that are not of mapped files."""
    resident: int
    """Bytes of all memory."""
    files: int
    threads: int


_BYTES = ("own", "resident")
MEASURED = (*_BYTES, "files", "threads")


@dataclass
class Soak:
    """What has come of it so far."""

    first: Path
    """The dump of the session, in the folder that is watched; the others are written beside it."""
    dumps: int
    """How many others there will be."""
    samples: list[Sample] = field(default_factory=list)
    """One before each of those that were written."""
    most: Sample = Sample(0, 0, 0, 0)
    """The most of each at any time."""
    wrong: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _looking: threading.Thread | None = None

    def go_on(self, server: Server, part: float) -> None:
        """Let dumps be written up to a part of the session, once it has begun: marks are shown."""
        if not server.published:
            return
        if self._looking is None:
            self._looking = threading.Thread(target=self._look, args=(server.id,), daemon=True)
            self._looking.start()
        while len(self.samples) < part * self.dumps:
            number = len(self.samples)
            self.samples.append(sample(server.id))
            self._one(server, number)

    def end(self) -> None:
        """Look at the server no more."""
        self._ended.set()
        if self._looking is not None:
            self._looking.join()

    def _look(self, process: int) -> None:
        while not self._ended.wait(_SAMPLED_EVERY):
            now = sample(process)
            self.most = Sample(*(max(getattr(one, name) for one in (self.most, now)) for name in MEASURED))

    def _one(self, server: Server, number: int) -> None:
        path, content, is_broken = self._next(number)
        shown = _after(server, path, partial(_write, path, content))
        if shown["state"] != ("failed" if is_broken else "ready"):
            self.wrong.append(f"{path.name}: {shown['message']}")
        if number % _REMOVED == 0:
            path.unlink()
        for method, params in (("pmat/leaks", {}), ("pmat/run", {"name": "summary", "words": []})):
            if (reply := server.ask(method, params)).error is not None:
                self.wrong.append(f"{method} of {path.name}: {reply.error}")
        shown = _after(server, self.first, partial(os.utime, self.first))
        if shown["state"] != "ready":
            self.wrong.append(f"{self.first.name}: {shown['message']}")

    def _next(self, number: int) -> tuple[Path, bytes, bool]:
        """(where the next dump is written, what is written, whether it is broken)."""
        given = own_dumps()
        raw, is_broken = read_dump(given[number % len(given)]), number % _BROKEN == _BROKEN - 1
        raw = raw[: len(raw) // 2] if is_broken else raw
        suffix, pack = _PACKINGS[number % len(_PACKINGS)]
        return self.first.with_name(f"{number % _NAMES}{suffix}"), pack(raw), is_broken


def soak(dump: BenchDump, folder: Path, dumps: int, messages: int | None = None) -> tuple[Soak, Played]:
    """Play a session, or its first messages, while so many dumps are written into a folder below `folder`."""
    watched = folder / "dumps"
    watched.mkdir()
    first = watched / "session.pmat"
    first.write_bytes(dump.path.read_bytes())
    soak = Soak(first, dumps)
    try:
        played = play(first, folder, messages, between=soak.go_on, settings={"dump": "", "dumps": [f"{watched}/*"]})
    finally:
        soak.end()
    return soak, played


def _write(path: Path, content: bytes) -> None:
    """Write a dump as a program does: not all of it at once."""
    with open(path, "wb") as file:
        for start in range(0, len(content), 1 << 16):
            file.write(content[start : start + (1 << 16)])
            file.flush()


def _after(server: Server, path: Path, change: Callable[[], None]) -> Message:
    """Change a dump, and wait for what the server tells of it then: that it is shown, or that it cannot be."""
    heard, uri = len(server.told), path.as_uri()

    def told() -> Message | None:
        changes = (one["params"] for one in server.told[heard:] if one["method"] == "pmat/changed")
        return next((one for one in changes if one["dump"] == uri and one["state"] in ("ready", "failed")), None)

    change()
    server.until(lambda: told() is not None)
    found = told()
    assert found is not None
    return found


def sample(process: int) -> Sample:
    """How a process and its children are now."""
    every = [one for each in _with_children(process) for one in _alone(each)]
    return Sample(*(sum(getattr(one, name) for one in every) for name in MEASURED))


def _with_children(process: int) -> Iterator[int]:
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        for child in _read(children).split():
            yield from _with_children(int(child))


def _alone(process: int) -> Iterator[Sample]:
    """One process; nothing where it has just ended."""
    lines = (line.partition(":") for line in _read(Path(f"/proc/{process}/status")).splitlines())
    told = {name: value.split()[0] for name, _, value in lines if value.split()}
    try:
        files = len(os.listdir(f"/proc/{process}/fd"))
        yield Sample(int(told["RssAnon"]) << 10, int(told["VmRSS"]) << 10, files, int(told["Threads"]))
    except (OSError, KeyError):
        return


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def quarters(values: Sequence[float]) -> list[float]:
    """The median of each quarter."""
    length = max(len(values) // 4, 1)
    return [statistics.median(values[start : start + length] or values) for start in range(0, 4 * length, length)]


def slope(values: Sequence[float]) -> float:
    """By how much each is more than the one before, by least squares."""
    return statistics.linear_regression(range(len(values)), values).slope if len(values) > 1 else 0.0


def grown(samples: Sequence[Sample]) -> list[str]:
    """What has grown from the second quarter to the last one.

    In the first quarter features are used for the first time, and caches are filled.
    """
    found = []
    for name in MEASURED:
        _, early, _, late = quarters([getattr(one, name) for one in samples])
        if late > early * (MOST_GROWN if name in _BYTES else 1):
            found.append(name)
    return found


def table(samples: Sequence[Sample], most: Sample) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| | quarter 1 | 2 | 3 | 4 | at most | a dump, from quarter 2 on |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name in MEASURED:
        values = [getattr(one, name) for one in samples]
        cells = [*quarters(values), getattr(most, name)]
        growth = slope(values[len(values) // 4 :])
        if name in _BYTES:
            shown = [*(format_bytes(int(one)) for one in cells), f"{growth / 1024:+.1f} KiB"]
        else:
            shown = [*(f"{one:g}" for one in cells), f"{growth:+.3f}"]
        yield f"| {name} | {' | '.join(shown)} |"


def main() -> int:
    """Play, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("--size", type=count, metavar="N", default=count("50k"), help="SVs of the session's dump")
    parser.add_argument("--dumps", type=int, default=200, help="how many others are written (default: %(default)s)")
    parser.add_argument("--messages", type=int, metavar="N", help="how many of the session (default: all)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pmat-soak-") as folder:
        os.environ[CACHE_VARIABLE] = f"{folder}/cache"
        soaked, played = soak(bench_dump(FOLDER, arguments.size), Path(folder), arguments.dumps, arguments.messages)
    wrong = soaked.wrong + played.wrong
    print("\n".join(table(soaked.samples, soaked.most)))
    answers = sum(map(len, played.seconds.values()))
    print(f"\n{len(soaked.samples)} dumps, {played.edits:,} edits, {answers:,} answers. Errors: {len(wrong)}.")
    print("\n".join(wrong[:20]))
    found = grown(soaked.samples)
    if found:
        print(f"grown from the second quarter to the last: {', '.join(found)}")
    return 1 if found or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
