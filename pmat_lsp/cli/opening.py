"""How every command opens its dump: the argument, the limit on memory, a progress bar on a terminal."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from pmat_lsp.cli.output import show_warning, wants_colour
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.opening import open_heap
from pmat_lsp.heap.progress import Progress, no_progress

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def add_dump(parser: argparse.ArgumentParser) -> None:
    """Declare the dump, and how much memory reading it may take."""
    parser.add_argument(
        "dump", metavar="DUMP", type=Path, help="a file written by Devel::MAT::Dumper; may be packed: .gz, .xz, .zst"
    )
    parser.add_argument(
        "--memory-limit",
        metavar="SIZE",
        type=byte_size,
        help="memory that reading the dump may take, such as 500M or 8G (default: half of the machine's)",
    )


def opened(arguments: argparse.Namespace) -> Heap:
    """The heap of the dump; what is odd about it goes to stderr.

    Raises:
        DumpError: it cannot be read.
    """
    with progress_bar() as progress:
        heap = open_heap(arguments.dump, progress=progress, memory_limit=arguments.memory_limit)
    warn(heap)
    return heap


def warn(heap: Heap) -> None:
    """Say on stderr what is odd about a dump."""
    for warning in heap.warnings:
        show_warning(f"{heap.path}: {warning}")


def byte_size(text: str) -> int:
    """A number of bytes from the command line: 500M, 8G, 1048576."""
    found = re.fullmatch(r"(\d+)([kmgt]?)(i?b)?", text.strip().lower())
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; they look like 500M or 8G")
    return int(found[1]) * _UNITS[found[2]]


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr while a dump is read, gone when it is read; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    console = Console(stderr=True, no_color=not wants_colour(True, os.environ))
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=None)
            bar.update(tasks[stage], completed=done, total=total if total > 1 else None)

        yield progress
