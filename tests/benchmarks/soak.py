"""A long day, replayed: `python -m tests.benchmarks.soak`.

Plays the recorded two hours of editing against the real server as fast as it answers. Meanwhile 200 other dumps come:
plain ones and compressed ones, some written over earlier ones, some broken, some removed again. Each is loaded, and the
server is asked what leaked; then the first one is loaded again. Prints how memory, open files and threads of the server
went. The exit status is 1 where one of them grew, or an answer was an error.
"""

from __future__ import annotations

import argparse
import gzip
import lzma
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pmat_lsp.format.container import read_dump
from pmat_lsp.units import format_bytes
from tests.benchmarks.__main__ import CACHE_VARIABLE, FOLDER, count
from tests.benchmarks.dumps import bench_dump
from tests.benchmarks.player import play
from tests.benchmarks.wire import Server
from tests.dumps import own_dumps

MOST_GROWN = 1.05
"""By what factor memory may differ from the third quarter to the last: it is never the same twice."""
_NAMES = 25
"""Files that the dumps have among them: later ones are written over earlier ones."""
_BROKEN, _REMOVED = 7, 5
"""Every so many dumps are cut short, or removed while they are shown."""


_PACKINGS: Sequence[tuple[str, Callable[[bytes], bytes]]] = (
    (".pmat", bytes),
    (".pmat.gz", gzip.compress),
    (".pmat.xz", partial(lzma.compress, preset=0)),
)


@dataclass(frozen=True)
class Sample:
    """The server at one moment."""

    own: int
    """Bytes of memory that are not of mapped files."""
    resident: int
    """Bytes of all memory."""
    files: int
    threads: int


@dataclass
class Soak:
    """What has come of it so far."""

    first: Path
    """The dump that is shown while the session goes on."""
    folder: Path
    """Where the others are written."""
    dumps: int
    """How many there will be."""
    samples: list[Sample] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def go_on(self, server: Server, part: float) -> None:
        """Let dumps come up to a part of the session, and look at the server after each."""
        while len(self.samples) < part * self.dumps:
            number = len(self.samples)
            path, is_broken = self._write(number)
            if _load(server, path) == is_broken:
                self.wrong.append(f"{path.name}: {'a broken dump was loaded' if is_broken else 'it was not loaded'}")
            if number % _REMOVED == 0:
                path.unlink()
            for method, params in (("pmat/leaks", {}), ("pmat/run", {"name": "summary", "words": []})):
                if (reply := server.ask(method, params)).error is not None:
                    self.wrong.append(f"{method} of {path.name}: {reply.error}")
            if not _load(server, self.first):
                self.wrong.append(f"{self.first.name}: it was not loaded again")
            self.samples.append(sample(server))

    def _write(self, number: int) -> tuple[Path, bool]:
        """(the next dump, whether it is broken)."""
        given = own_dumps()
        raw, is_broken = read_dump(given[number % len(given)]), number % _BROKEN == _BROKEN - 1
        raw = raw[: len(raw) // 2] if is_broken else raw
        suffix, pack = _PACKINGS[number % len(_PACKINGS)]
        path = self.folder / f"{number % _NAMES}{suffix}"
        path.write_bytes(pack(raw))
        return path, is_broken


def _load(server: Server, path: Path) -> bool:
    """Put a dump in front; whether that could be done."""
    reply = server.ask("workspace/executeCommand", {"command": "pmat.load", "arguments": [str(path)]})
    return reply.error is None and reply.result is True


def sample(server: Server) -> Sample:
    """How the server is now."""
    process = Path(f"/proc/{server.id}")
    lines = (process / "status").read_text(encoding="utf-8").splitlines()
    told = {name: value.split()[0] for name, _, value in (line.partition(":") for line in lines) if value.split()}
    own, resident = (int(told[name]) << 10 for name in ("RssAnon", "VmRSS"))
    return Sample(own, resident, len(os.listdir(process / "fd")), int(told["Threads"]))


def grown(samples: Sequence[Sample]) -> dict[str, tuple[float, float, float]]:
    """By what is measured: its median in the third quarter and in the last one, and the most at any time.

    In the first half features are used for the first time, and caches are filled.
    """
    quarter = max(len(samples) // 4, 1)
    parts = samples[-2 * quarter : -quarter] or samples, samples[-quarter:], samples
    found = {}
    for name in ("own", "resident", "files", "threads"):
        early, late, every = ([getattr(one, name) for one in part] for part in parts)
        found[name] = statistics.median(early), statistics.median(late), max(every)
    return found


def is_flat(samples: Sequence[Sample]) -> bool:
    """Whether nothing has grown from the third quarter to the last one."""
    found = grown(samples)
    memory, counts = [found["own"]], [found["files"], found["threads"]]
    return all(late <= early * MOST_GROWN for early, late, _ in memory) and all(
        late <= early for early, late, _ in counts
    )


def main() -> int:
    """Play, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("--size", type=count, metavar="N", default=count("0.2M"), help="SVs of the first dump")
    parser.add_argument("--dumps", type=int, default=200, help="how many others come (default: %(default)s)")
    parser.add_argument("--messages", type=int, metavar="N", help="how many of the session (default: all)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pmat-soak-") as folder:
        os.environ[CACHE_VARIABLE] = f"{folder}/cache"
        others = Path(folder) / "dumps"
        others.mkdir()
        first = bench_dump(FOLDER, arguments.size)
        soak = Soak(first.path.absolute(), others, arguments.dumps)
        played = play(first.path, Path(folder), arguments.messages, between=soak.go_on)
    wrong = soak.wrong + played.wrong
    print("| | third quarter | last quarter | at most |\n|---|--:|--:|--:|")
    for name, values in grown(soak.samples).items():
        shown = (format_bytes(int(one)) if name in ("own", "resident") else f"{one:.0f}" for one in values)
        print(f"| {name} | {' | '.join(shown)} |")
    answers = sum(map(len, played.seconds.values()))
    print(f"\n{len(soak.samples)} dumps, {played.edits:,} edits, {answers:,} answers. Errors: {len(wrong)}.")
    print("\n".join(wrong[:20]))
    return 0 if is_flat(soak.samples) and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
