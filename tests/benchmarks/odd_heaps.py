"""How long commands take on heaps of odd shapes, and how that grows: `python -m tests.benchmarks.odd_heaps`.

Each heap of `odd_heaps.pl` is written at half of its size and at its size. On both every command is run by itself with
the index there already; a hover, and all that leaked, are asked of the server as soon as it has sent its diagnostics.
Prints a table in Markdown, of the round that took the least CPU: at full size the seconds that passed and those of CPU,
and by what factor the latter grew with the doubling. Where that is more than 2.3 the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from tests.benchmarks.__main__ import CACHE_VARIABLE, FOLDER, LEAKS_FOUND, progress, seconds
from tests.benchmarks.player import SERVER
from tests.benchmarks.timing import Failed, Run, timed
from tests.benchmarks.wire import NoAnswer, Server, running
from tests.benchmarks.written_heaps import ONLY_SV, WRITTEN

GENERATOR = Path(__file__).parent / "odd_heaps.pl"
OPEN, HOVER, LEAKS = "first summary", "first hover", "pmat/leaks"
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "leaks": ("leaks", "DUMP"),
    "largest --retained": ("largest", "DUMP", "--retained"),
    "largest --owned": ("largest", "DUMP", "--owned"),
    "dominators": ("dominators", "DUMP", "--depth", "100000"),
    "identify": ("identify", "DUMP", "ADDR"),
    "size": ("size", "DUMP", "ADDR"),
    "fix": ("fix", "DUMP"),
}
"""By column: arguments of `pmat-lsp`; DUMP stands for the file, ADDR for the address that the generator printed."""
COLUMNS = (OPEN, *COMMANDS, HOVER, LEAKS)
MOST_GROWN = 2.3
"""By what factor the time may grow when a heap is twice as large."""
_TOO_LITTLE = 0.3
"""Seconds of CPU; of less than that, most is the start of the program."""


@dataclass(frozen=True)
class OddHeap:
    """One heap that the generator writes."""

    name: str
    size: int
    """What the generator takes, at full size."""
    title: str
    hovered: tuple[str, str] | None
    """A line of the generator, and the word on it, marked or about what leaked, that is hovered; None: there is
    no such mark, so the server is not asked."""


_NODE = ("package Odd::Node {", "Odd::Node")
HEAPS = (
    OddHeap("scc", 1_000_000, "one component of 1,000,000 SVs", _NODE),
    OddHeap("ring", 500_000, "ring of 500,000 objects", ("$first->{next} = $last;", "next")),
    OddHeap("list", 3_000_000, "list of 3,000,000 arrays", ("$holder->{self} = $holder;", "self")),
    OddHeap("hash", 1_000_000, "hash of 1,000,000 keys", ("$hash->{self} = $hash;", "self")),
    OddHeap("shapes", 20_000, "20,000 shapes", ("$object->{self} = $object;", "self")),
    OddHeap("islands", 1_000_000, "1,000,000 islands", _NODE),
    OddHeap("closures", 100_000, "100,000 closures on one line", ("$closure = sub {", "sub")),
    OddHeap("capturing", 200_000, "ring of 200,000 closures", ("$next = \\sub {", "sub")),
    OddHeap("star", 1_000_000, "star of 1,000,000 rays", _NODE),
    OddHeap("diamonds", 200_000, "chain of 200,000 diamonds", ("$owner->{self} = $owner;", "self")),
    OddHeap("rings", 500, "500 rings of 300 objects", None),
    OddHeap("structs", 60_000, "60,000 kinds of C structures without names", None),
    OddHeap("contexts", 2_000_000, "2,000,000 contexts", None),
)
Times = Mapping[str, Run | None]
"""By column: how long it took; None where it failed."""


def odd_dump(folder: Path, name: str, size: int) -> tuple[Path, str]:
    """The dump of a heap, and the address in it to ask about; written if it is not there or older than the generator.

    Raises:
        subprocess.CalledProcessError: perl or Devel::MAT::Dumper is missing, or ran out of memory.
    """
    path = folder / f"{name}-{size}.pmat"
    notes = path.with_suffix(".address")
    if not notes.exists() or notes.stat().st_mtime < GENERATOR.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        if name in WRITTEN:
            path.write_bytes(WRITTEN[name](size))
            notes.write_text(hex(ONLY_SV), encoding="utf-8")
        else:
            command = ["perl", str(GENERATOR), name, str(size), str(path)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            notes.write_text(done.stdout.strip(), encoding="utf-8")
    return path, notes.read_text(encoding="utf-8")


def measured(
    heap: OddHeap, size: int, folder: Path, timeout: float, rounds: int = 1, known: Times = MappingProxyType({})
) -> Times:
    """How long everything takes on a heap of some size.

    Args:
        heap: what the generator writes.
        size: in place of its own.
        folder: where the dump and its index go.
        timeout: seconds after which a command is ended.
        rounds: how often each is run; what fails or is ended is not run again.
        known: how long it took on a smaller one: what was ended there is not tried.
    """
    dump, address = odd_dump(folder, heap.name, size)
    cache = folder / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    environment = {**os.environ, CACHE_VARIABLE: str(cache)}
    places = {"DUMP": str(dump), "ADDR": address}

    def run(words: Sequence[str]) -> Run:
        command = [sys.executable, "-m", "pmat_lsp", *(places.get(word, word) for word in words)]
        status = (0, LEAKS_FOUND) if words[0] in ("leaks", "fix") else (0,)
        return timed(command, timeout, environment, status)

    def measure(name: str) -> Run:
        if name in (HOVER, LEAKS) and heap.hovered is not None:
            return first_answer(name, dump, heap.hovered, timeout, environment)
        return run(("summary", "DUMP") if name == OPEN else COMMANDS[name])

    times: dict[str, Run | None] = {}
    for name in COLUMNS if heap.hovered is not None else (OPEN, *COMMANDS):
        smaller = known.get(name)
        if smaller and not smaller.finished:
            times[name] = smaller
        else:
            # The first one makes the index, so it is run once.
            times[name] = _often(1 if name == OPEN else rounds, partial(measure, name))
    return times


def _often(rounds: int, run: Callable[[], Run]) -> Run | None:
    """The run that computed least, None where one failed: whatever else the machine does only adds to the others."""
    runs: list[Run] = []
    try:
        while len(runs) < rounds and all(one.finished for one in runs):
            runs.append(run())
    except (Failed, NoAnswer) as error:
        progress(str(error))
        return None
    return min(runs, key=lambda run: run.cpu)


def first_answer(
    name: str, dump: Path, hovered: tuple[str, str], timeout: float, environment: Mapping[str, str]
) -> Run:
    """HOVER or LEAKS, asked as soon as the server has sent its diagnostics, with what the server computes meanwhile.

    Raises:
        NoAnswer: the server left, or has nothing to say.
    """
    began = time.perf_counter()
    try:
        with running(SERVER, dump.parent, {}, environment) as server:
            return _ask(name, server, dump, hovered, timeout)
    except NoAnswer:
        taken = time.perf_counter() - began
        if taken < timeout:
            raise
        return Run(taken, 0, False)


def _ask(name: str, server: Server, dump: Path, hovered: tuple[str, str], timeout: float) -> Run:
    text, uri = GENERATOR.read_text(encoding="utf-8"), GENERATOR.as_uri()
    root = {"uri": GENERATOR.parent.as_uri(), "name": GENERATOR.parent.name}
    options = {"dump": str(dump.absolute()), "client": {"changed": True}}
    client = {"processId": None, "capabilities": {}, "workspaceFolders": [root], "initializationOptions": options}
    server.ask("initialize", client)
    server.notify("initialized", {})
    document = {"uri": uri, "languageId": "perl", "version": 1, "text": text}
    server.notify("textDocument/didOpen", {"textDocument": document})
    server.until(lambda: uri in server.published, timeout)
    before = _cpu(server.id)
    asked = {"textDocument": {"uri": uri}, "position": place_of(text, *hovered)}
    method, params = ("textDocument/hover", asked) if name == HOVER else (LEAKS, {"overview": True})
    reply = server.reply(server.send(method, params), timeout)
    if not reply.result:
        raise NoAnswer(f"nothing under {hovered[1]} of {hovered[0]}")
    return Run(reply.seconds, 0, True, _cpu(server.id) - before)


def place_of(text: str, line: str, word: str) -> dict[str, int]:
    """Where a word stands on the one line that has a text, as a position of the protocol."""
    (found,) = (number for number, one in enumerate(text.splitlines()) if line in one)
    start = text.splitlines()[found].index(line)
    return {"line": found, "character": start + line.index(word) + 1}


def _cpu(process: int) -> float:
    """Seconds that a process has computed so far; 0 where the system does not say."""
    try:
        numbers = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def row(heap: OddHeap, half: Times, whole: Times) -> str:
    """A row of the table."""
    cells = (_cell(half[name], whole[name]) if name in whole else "" for name in COLUMNS)
    return f"| {heap.title} | {' | '.join(cells)} |"


def grown_most(half: Times, whole: Times) -> float:
    """The greatest factor by which a time has grown; 0 where all are too little to tell."""
    pairs = ((half[name], run) for name, run in whole.items())
    return max(
        (one.cpu / few.cpu for few, one in pairs if few and one and one.cpu > _TOO_LITTLE and few.cpu), default=0
    )


def _cell(half: Run | None, whole: Run | None) -> str:
    """`1.20 s, CPU 1.10 s, 1.9×`."""
    if whole is None:
        return "failed"
    if not whole.finished:
        return seconds(whole)
    grown = f", {whole.cpu / half.cpu:.1f}×" if half and half.cpu else ""
    return f"{whole.seconds:.2f} s, CPU {whole.cpu:.2f} s{grown}"


def head() -> Iterator[str]:
    """The head of the table."""
    yield f"| | {' | '.join(COLUMNS)} |"
    yield f"|---|{'--:|' * len(COLUMNS)}"


def main() -> int:
    """Measure, print the table row by row, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.odd_heaps",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [heap.name for heap in HEAPS]
    parser.add_argument(
        "--heaps", nargs="+", choices=names, default=names, metavar="NAME", help=f"some of {', '.join(names)}"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each command is run (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=60, help="seconds after which it is ended (default: 60)")
    parser.add_argument(
        "--part", type=float, default=1, metavar="X", help="of the full sizes, such as 0.1 (default: 1)"
    )
    arguments = parser.parse_args()
    print("\n".join(head()), flush=True)
    too_much = {}
    for heap in HEAPS:
        if heap.name in arguments.heaps:
            size, how = int(heap.size * arguments.part), (FOLDER / "odd", arguments.timeout, arguments.rounds)
            half = measured(heap, size // 2, *how)
            whole = measured(heap, size, *how, half)
            print(row(heap, half, whole), flush=True)
            grown, complete = grown_most(half, whole), all(run and run.finished for run in whole.values())
            if grown > MOST_GROWN or not complete:
                too_much[heap.name] = f"{grown:.1f}" if complete else "not all was answered"
    for name, grown_by in too_much.items():
        progress(f"{name}: {grown_by}; a factor of {MOST_GROWN} is allowed")
    return 1 if too_much else 0


if __name__ == "__main__":
    sys.exit(main())
