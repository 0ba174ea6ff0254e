"""Two hours of work in an editor, played as fast as the server answers: `python -m tests.benchmarks.replay`.

Prints how long the answers took, by method, and how the memory of the server grew.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pmat_lsp.units import format_bytes
from tests.benchmarks.__main__ import CACHE_VARIABLE, FOLDER, count
from tests.benchmarks.dumps import bench_dump
from tests.benchmarks.player import WARM_UP, Played, play

COLUMNS = "answers | median, ms | p95, ms | longest, ms"


def percentile(seconds: Sequence[float], percent: int = 95) -> float:
    """That which so many of a hundred are not longer than."""
    return sorted(seconds)[max(-(-len(seconds) * percent // 100) - 1, 0)]


def latencies(seconds: Sequence[float]) -> str:
    """Cells of a table: how many, the median, the 95th percentile, the longest, in milliseconds."""
    shown = (statistics.median(seconds), percentile(seconds), max(seconds))
    return " | ".join([f"{len(seconds):,}", *(f"{one * 1000:.1f}" for one in shown)])


def table(played: Played, title: str) -> Iterator[str]:
    """The lines of a Markdown table, and what there is to say of memory and errors."""
    yield f"| {title} | {COLUMNS} |"
    yield "|---|--:|--:|--:|--:|"
    for method, seconds in sorted(played.seconds.items()):
        yield f"| {method} | {latencies(seconds)} |"
    yield ""
    memory = f"{format_bytes(played.memory[0])} after {WARM_UP} % of the messages, {format_bytes(played.memory[-1])}"
    most = f"at most {format_bytes(max(played.memory))}"
    yield f"{played.edits:,} edits. Memory: {memory} at the end, {most}. Errors: {len(played.wrong)}."
    yield from played.wrong[:20]


def main() -> None:
    """Play, and print the table; the exit status is 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replay", description=__doc__)
    parser.add_argument("--size", type=count, metavar="N", default=count("2M"), help="SVs of the dump (default: 2M)")
    parser.add_argument("--messages", type=int, metavar="N", help="how many of the session (default: all)")
    arguments = parser.parse_args()
    os.environ[CACHE_VARIABLE] = str(FOLDER / "cache")
    dump = bench_dump(FOLDER, arguments.size)
    with tempfile.TemporaryDirectory(prefix="pmat-replay-") as folder:
        played = play(dump.path, Path(folder), arguments.messages)
    print("\n".join(table(played, f"{arguments.size:,} SVs, {format_bytes(dump.path.stat().st_size)}")))
    sys.exit(bool(played.wrong))


if __name__ == "__main__":
    main()
