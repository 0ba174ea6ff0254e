"""How long short questions about a tiny dump take beside the reference tool: `python -m tests.benchmarks.tiny`.

The dump is that of a perl that does nothing. Each question is asked of the reference, then of ours with an empty cache,
then of ours again, in turn. Prints the median times in milliseconds, and what `--version` and a bare Python take.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.__main__ import CACHE_VARIABLE
from tests.benchmarks.timing import Run, median, timed

ROOT = Path(__file__).parent.parent.parent
QUESTIONS = (("summary",), ("count",), ("identify", "defstash"))
_OURS = (sys.executable, "-m", "pmat_lsp")
_TIMEOUT = 60.0
_PROGRAM = "Devel::MAT::Dumper::dump( $ARGV[0] )"


def tiny_dump(path: Path) -> Path:
    """Have a perl that does nothing write a dump.

    Raises:
        subprocess.CalledProcessError: Devel::MAT::Dumper is missing.
    """
    subprocess.run(["perl", "-MDevel::MAT::Dumper", "-e", _PROGRAM, str(path)], check=True)
    return path


def measure(dump: Path, cache: Path, rounds: int) -> dict[str, tuple[Run, Run, Run]]:
    """By question: medians of (the reference, ours with an empty cache, ours with an index)."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), CACHE_VARIABLE: str(cache)}
    runs: dict[str, list[tuple[Run, Run, Run]]] = {}
    for _ in range(rounds):
        for name, *words in QUESTIONS:
            reference = timed(["pmat", "-q", str(dump), name, *words], _TIMEOUT, environment)
            for index in cache.glob("*"):
                index.unlink()
            ours = [*_OURS, name, str(dump), *words]
            first, later = timed(ours, _TIMEOUT, environment), timed(ours, _TIMEOUT, environment)
            runs.setdefault(name, []).append((reference, first, later))
    return {name: _medians(taken) for name, taken in runs.items()}


def _medians(taken: Sequence[tuple[Run, Run, Run]]) -> tuple[Run, Run, Run]:
    reference, first, later = zip(*taken, strict=True)
    return median(reference), median(first), median(later)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.tiny", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="runs of each kind (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(tiny_dump(Path(folder) / "tiny.pmat"), Path(folder) / "cache", arguments.rounds)
    lines = ["| of a tiny dump, ms | pmat | ours, first | ours, later |", "|---|--:|--:|--:|"]
    lines += [
        f"| {name} | " + " | ".join(f"{run.seconds * 1000:.0f}" for run in runs) + " |"
        for name, runs in measured.items()
    ]
    for name, command in (("--version", [*_OURS, "--version"]), ("Python alone", [sys.executable, "-c", ""])):
        runs = [timed(command, _TIMEOUT, {**os.environ, "PYTHONPATH": str(ROOT)}) for _ in range(arguments.rounds)]
        lines.append(f"| {name} | | | {median(runs).seconds * 1000:.0f} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
