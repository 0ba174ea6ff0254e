"""`python -m tests.benchmarks`: prints the table of ratios in Markdown."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pmat_lsp.cli.main import COMMANDS
from pmat_lsp.units import format_bytes
from tests.benchmarks.dumps import BenchDump, bench_dump
from tests.benchmarks.limit import Limit, can_compile, limit_table
from tests.benchmarks.questions import FIRST_LEAKS, OPEN, QUESTIONS, REOPEN, SUMMARY, Question
from tests.benchmarks.timing import Run, median, timed

FOLDER = Path(__file__).parent.parent.parent / "build" / "benchmarks"
CACHE_VARIABLE = "PMAT_LSP_CACHE"
LEAKS_FOUND = 1
OURS_A_ROUND = 3
"""Ours is over so soon that a single run says little on a machine that has other work."""
_SUFFIXES = {"k": 10**3, "M": 10**6}
_SIZES = (200_000, 2_000_000, 10_000_000)
_MEMORY_AN_SV = 512
"""Bytes, generously, that perl has while it makes a dump; more than ours takes to read it."""

Runs = dict[tuple[str, ...], list[Run]]


class Bench:
    """Measures one dump. A question that was too slow once is not asked of the reference again."""

    def __init__(self, dump: BenchDump, timeout: float, asks_reference: bool = True) -> None:
        self._dump = dump
        self._asks_reference = asks_reference
        self._timeout = timeout
        self._cache = FOLDER / "cache"
        self._environment = {**os.environ, CACHE_VARIABLE: str(self._cache)}
        self.reference: Runs = {}
        self.ours: dict[Question, list[Run]] = {}

    def round(self) -> None:
        """Ask each question of both, in turn: once of the reference, OURS_A_ROUND times of ours."""
        asked = set()
        for question in QUESTIONS:
            if not exists(question):
                continue
            if self._asks_reference and question.reference not in asked:
                asked.add(question.reference)
                self._ask_reference(question.reference)
            self.ours.setdefault(question, []).extend(self._ask_ours(question) for _ in range(OURS_A_ROUND))

    def _ask_reference(self, arguments: tuple[str, ...]) -> None:
        runs = self.reference.setdefault(arguments, [])
        if any(not run.finished for run in runs):
            return
        progress(f"pmat {' '.join(arguments)}")
        command = ["pmat", "-q", str(self._dump.path), *self._filled(arguments)]
        runs.append(timed(command, self._timeout, self._environment))

    def _ask_ours(self, question: Question) -> Run:
        progress(f"pmat-lsp {' '.join(question.ours)}")
        if question.cold:
            shutil.rmtree(self._cache, ignore_errors=True)
        command = [sys.executable, "-m", "pmat_lsp", *self._filled(question.ours)]
        # Any other command that ends with 1 has crashed.
        expected = (0, LEAKS_FOUND) if question.ours[0] == "leaks" else (0,)
        return timed(command, self._timeout, self._environment, expected)

    def _filled(self, arguments: tuple[str, ...]) -> list[str]:
        places = {"DUMP": str(self._dump.path), "ADDR": self._dump.address}
        return [places.get(argument, argument) for argument in arguments]


def exists(question: Question) -> bool:
    """Whether we have the command already."""
    return question.ours[0] in {command.NAME for command in COMMANDS}


def table(bench: Bench, title: str) -> Iterator[str]:
    """The lines of a Markdown table of medians, with ratios."""
    yield f"| {title} | pmat | pmat-lsp | ratio | peak memory: pmat | pmat-lsp | ratio |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for question in QUESTIONS:
        if question not in bench.ours:
            yield f"| {question.name} | | no `{question.ours[0]}` yet | | | | |"
            continue
        ours = median(bench.ours[question])
        if question.reference not in bench.reference:
            yield f"| {question.name} | not run | {seconds(ours)} | | | {format_bytes(ours.peak)} | |"
            continue
        theirs = median(bench.reference[question.reference])
        cells = (
            question.name,
            seconds(theirs),
            seconds(ours),
            times(theirs.seconds / ours.seconds, theirs.finished),
            format_bytes(theirs.peak),
            format_bytes(ours.peak),
            times(theirs.peak / ours.peak, theirs.finished),
        )
        yield f"| {' | '.join(cells)} |"
    yield from index_alone(bench)


def against_loop(bench: Bench, limit: Limit, title: str) -> Iterator[str]:
    """The lines of the tables of `limit`, with what `bench` measured beside it."""

    def ours(name: str) -> Run | None:
        return next((median(runs) for question, runs in bench.ours.items() if question.name == name), None)

    reference = bench.reference.get(SUMMARY)
    return limit_table(limit, title, ours(FIRST_LEAKS), ours(REOPEN), median(reference) if reference else None)


def index_alone(bench: Bench) -> Iterator[str]:
    """A line about what opening a dump takes longer than opening it again: the child that makes its index."""
    cold, warm = (next(one for one in QUESTIONS if one.name == name) for name in (OPEN, REOPEN))
    if not {cold, warm} <= bench.ours.keys():
        return
    alone = median(bench.ours[cold]).seconds - median(bench.ours[warm]).seconds
    if alone <= 0:
        return
    theirs = bench.reference.get(cold.reference)
    ratio = f", {times(median(theirs).seconds / alone, median(theirs).finished)}" if theirs else ""
    yield ""
    yield f"The index alone ({OPEN}, less {REOPEN}): {alone:.2f} s{ratio}."


def seconds(run: Run) -> str:
    """`0.42 s`, `> 60.00 s` for what was ended."""
    return f"{'' if run.finished else '> '}{run.seconds:.2f} s"


def times(ratio: float, finished: bool) -> str:
    """`37×`, `> 37×`."""
    return f"{'' if finished else '> '}{ratio:.{0 if ratio >= 10 else 1}f}×"


def progress(what: str) -> None:
    """Say on stderr what is being run."""
    sys.stderr.write(f"  {what}\n")


def time_each(summaries: Mapping[int, Run]) -> str:
    """A line that tells how the time to read one SV grows with the size of the dump; by size: opening it."""
    times_each = (f"{size:,} SVs {run.seconds / size * 1e6:.2f} µs" for size, run in summaries.items())
    return f"Open to summary, time an SV: {', '.join(times_each)}."


def fits(size: int) -> bool:
    """Whether this machine has memory for a dump of so many SVs, and for whatever else runs."""
    return size * _MEMORY_AN_SV < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def count(text: str) -> int:
    """`200000`, `200k`, `0.2M`."""
    number, factor = (text[:-1], _SUFFIXES[text[-1]]) if text[-1:] in _SUFFIXES else (text, 1)
    try:
        return int(float(number) * factor)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of SVs such as 0.2M") from None


def main() -> None:
    """Measure each size, and print a table of it as soon as it is done."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=count,
        metavar="N",
        default=list(filter(fits, _SIZES)),
        help="SVs of each dump (default: 0.2M 2M 10M, where memory allows)",
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each question is asked (default: %(default)s)")
    parser.add_argument(
        "--timeout", type=float, default=60, help="seconds after which a command is ended (default: %(default)s)"
    )
    parser.add_argument(
        "--reference-up-to",
        type=count,
        metavar="N",
        default=count("2M"),
        help="SVs of the largest dump on which the reference is run: it takes minutes and gigabytes (default: 2M)",
    )
    arguments = parser.parse_args()
    summaries = {}
    for size in arguments.sizes:
        progress(f"making a dump of {size:,} SVs")
        dump = bench_dump(FOLDER, size)
        bench = Bench(dump, arguments.timeout, size <= arguments.reference_up_to)
        limit = Limit(dump.path, FOLDER, arguments.timeout) if can_compile() else None
        for _ in range(arguments.rounds):
            bench.round()
            if limit:
                progress("the C++ loop and the index")
                limit.round(OURS_A_ROUND)
        runs = f"medians of {arguments.rounds} and {OURS_A_ROUND * arguments.rounds} runs"
        title = f"{size:,} SVs, {format_bytes(dump.path.stat().st_size)}, {runs}"
        lines = [*table(bench, title), "", *(against_loop(bench, limit, title) if limit else ())]
        sys.stdout.write("\n".join(lines) + "\n\n")
        sys.stdout.flush()
        summaries[size] = median(bench.ours[QUESTIONS[0]])
    sys.stdout.write(time_each(summaries) + "\n")


if __name__ == "__main__":
    main()
