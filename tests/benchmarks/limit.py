"""How far reading a dump is from the least that it can be: a bare C++ loop over the same bytes, in the same run."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pmat_lsp.units import format_bytes
from tests.benchmarks.timing import Run, median, timed

SOURCE = Path(__file__).parent / "loop.cpp"
_COMPILER = "g++"
_INDEXES = """
import sys
from pathlib import Path
from pmat_lsp.heap.cache import Cache
from pmat_lsp.heap.indexer import build

build(Path(sys.argv[1]), Cache(Path(sys.argv[2])), ".tmp")
"""
"""What the child does that builds an index."""
_START = "import pmat_lsp.cli.main, pmat_lsp.heap.building"
"""What the command line has done already when it forks the child."""


def can_compile() -> bool:
    """Whether the loop can be compiled here, and reads the dumps of a perl of this machine."""
    return bool(shutil.which(_COMPILER)) and sys.maxsize > 1 << 32 and platform.machine() in ("x86_64", "aarch64")


def compiled_loop(folder: Path) -> Path:
    """The loop as a program in `folder`; compiled if it is not there or older than its source.

    Raises:
        subprocess.CalledProcessError: it does not compile.
    """
    program = folder / "loop"
    if not program.exists() or program.stat().st_mtime < SOURCE.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([_COMPILER, "-std=c++17", "-O3", "-o", str(program), str(SOURCE)], check=True)
    return program


class Limit:
    """Measures the loop, and what builds our index, on one dump."""

    def __init__(self, dump: Path, folder: Path, timeout: float) -> None:
        """`folder` is where the program and the indexes go."""
        self._dump = dump
        self._program = compiled_loop(folder)
        self._indexes = folder / "indexes"
        self._timeout = timeout
        self.dump_bytes = dump.stat().st_size
        self.index_bytes = 0
        """Of the index that was built last."""
        self.loop: list[Run] = []
        self.index: list[Run] = []
        self.start: list[Run] = []

    def round(self, times: int) -> None:
        """Run each so many times, in turn."""
        for _ in range(times):
            self.loop.append(timed([str(self._program), str(self._dump)], self._timeout, os.environ))
            self.start.append(timed([sys.executable, "-c", _START], self._timeout, os.environ))
            shutil.rmtree(self._indexes, ignore_errors=True)
            command = [sys.executable, "-c", _INDEXES, str(self._dump), str(self._indexes)]
            self.index.append(timed(command, self._timeout, os.environ))
            self.index_bytes = sum(file.stat().st_size for file in self._indexes.iterdir())


def limit_table(
    limit: Limit, title: str, first_leaks: Run | None, reopening: Run | None, reference: Run | None
) -> Iterator[str]:
    """The lines of a Markdown table of what reading takes, with ratios to the loop, or to the size of the dump.

    Args:
        limit: with at least one round.
        title: of the table.
        first_leaks: the first `leaks` of a dump without an index.
        reopening: the `summary` of a dump that has one.
        reference: the reference tool's `summary`.
    """
    loop, index, start = median(limit.loop), median(limit.index), median(limit.start)
    yield f"| {title} | | ratio to the C++ loop |"
    yield "|---|--:|--:|"
    rows = (
        ("the C++ loop", loop),
        ("building the index, as a process of its own", index),
        ("the same in a forked child, as on the command line", replace(index, cpu=index.cpu - start.cpu)),
        ("first leaks, all processes", first_leaks),
        ("reopen to summary", reopening),
        ("pmat: to summary", reference),
    )
    for name, run in rows:
        if run is not None:
            more = "" if run.finished else "> "
            yield f"| CPU: {name} | {more}{run.cpu:.2f} s | {more}{run.cpu / loop.cpu:.1f}× |"
    yield ""
    yield "| | | ratio to the dump |"
    yield "|---|--:|--:|"
    sizes = (
        ("peak memory of building the index", index.peak),
        ("its own memory, at its peak", index.anonymous),
        ("mapped files in memory, at their peak", index.mapped),
        ("size of the index", limit.index_bytes),
        ("peak memory of pmat", reference.peak if reference else 0),
    )
    for name, size in sizes:
        if size:
            yield f"| {name} | {format_bytes(size)} | {size / limit.dump_bytes:.2f}× |"
