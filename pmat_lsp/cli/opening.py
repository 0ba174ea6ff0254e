"""How every command opens its dump: the argument, the limit on memory, a progress bar on a terminal."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from pmat_lsp.cli.output import PROGRAM, show_logged, show_warning, wants_colour
from pmat_lsp.errors import PmatError
from pmat_lsp.heap import memory
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.session import Dump, Settings, Shown, open_dump

_BAR_SECONDS = 0.2
"""What takes less than this needs no progress bar."""
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


_DUMP = "a file written by Devel::MAT::Dumper; may be packed: .gz, .xz, .zst"


def add_dump(parser: argparse.ArgumentParser) -> None:
    """Declare the dump, how much memory reading it may take, and what of its values is shown."""
    parser.add_argument("dump", metavar="DUMP", type=Path, help=_DUMP)
    _add_memory_limit(parser)
    _add_shown(parser)


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Declare where the sources of the program are."""
    parser.add_argument(
        "--source-root",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="where the sources of the program are; can be given several times (default: the current directory)",
    )
    parser.add_argument(
        "--path-map",
        metavar="FROM=TO",
        type=_path_pair,
        action="append",
        default=[],
        help="the sources that were in FROM where the program ran are in TO here; can be given several times",
    )


def source_settings(arguments: argparse.Namespace) -> Settings:
    """The settings that `add_dump` and `add_sources` declared.

    Raises:
        PmatError: a source root is no directory.
    """
    roots: list[Path] = arguments.source_root or [Path.cwd()]
    for root in roots:
        if not root.is_dir():
            raise PmatError(f"{root}: no such directory", "Name a folder with sources: --source-root DIR")
    return replace(_settings(arguments), source_roots=tuple(roots), path_map=tuple(arguments.path_map))


def add_dumps(parser: argparse.ArgumentParser, least: int, most: int | None) -> None:
    """As `add_dump`, with as many dumps as a command is about.

    Args:
        parser: of the command.
        least: number of dumps.
        most: the same number, or None for any number from `least` on.
    """
    if (least, most) == (1, 1):
        add_dump(parser)
        return
    parser.add_argument("dumps", metavar="DUMP", type=Path, nargs="+" if most is None else least, help=_DUMP)
    _add_memory_limit(parser)
    _add_shown(parser)


def _add_memory_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--memory-limit",
        metavar="SIZE",
        type=byte_size,
        help="memory that reading the dump may take, such as 500M or 8G (default: half of the machine's)",
    )


def _add_shown(parser: argparse.ArgumentParser) -> None:
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--redact",
        dest="shown",
        action="store_const",
        const=Shown.NO_VALUES,
        help="show no values, and no hash keys that are data, only of what kind and how long they are",
    )
    shown.add_argument(
        "--show-secrets",
        dest="shown",
        action="store_const",
        const=Shown.EVERYTHING,
        help="show likely secrets (passwords, tokens, private keys), too",
    )


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(memory_limit=arguments.memory_limit, shown=arguments.shown or Shown.NO_SECRETS)


def as_reference(dump: Dump, asked_for: Shown | None) -> Dump:
    """The dump for an answer in the reference tool's format: on a terminal it shows everything, as that tool does.

    `asked_for` is what the user asked to be shown, if anything.
    """
    return dump.showing(Shown.EVERYTHING) if asked_for is None and sys.stdout.isatty() else dump


def opened(arguments: argparse.Namespace) -> tuple[Dump, ...]:
    """The dumps that `add_dumps` declared.

    Raises:
        DumpError: one of them cannot be read.
    """
    settings = replace(_settings(arguments), source_roots=(Path.cwd(),))
    paths: list[Path] = arguments.dumps if "dumps" in arguments else [arguments.dump]
    return tuple(opened_dump(path, settings) for path in paths)


def opened_dump(path: Path, settings: Settings, prefix: str = f"{PROGRAM}: ") -> Dump:
    """An open dump; what is odd about it goes to stderr, behind who says it.

    Raises:
        DumpError: it cannot be read.
    """
    show_logged()
    with progress_bar() as progress:
        dump = open_dump(path, settings, progress)
    memory.hold_to_groups()
    for warning in dump.heap.warnings:
        show_warning(f"{path}: {warning}", prefix)
    return dump


def byte_size(text: str) -> int:
    """A number of bytes from the command line: 500M, 8G, 1048576."""
    found = re.fullmatch(r"(\d+)([kmgt]?)(i?b)?", text.strip().lower())
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; they look like 500M or 8G")
    return int(found[1]) * _UNITS[found[2]]


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr while something long is done, gone when it is done; nothing where stderr is no terminal.

    A Ctrl-C is heard by the next call of the progress, or at the end: C code that calls Python may clear the
    KeyboardInterrupt that was raised in between.
    """
    with _heard_interrupts() as check, _bar() as bar:

        def progress(stage: str, done: int, total: int) -> None:
            check()
            bar(stage, done, total)

        yield progress
        check()


@contextmanager
def _heard_interrupts() -> Iterator[Callable[[], None]]:
    """What raises KeyboardInterrupt once there was a Ctrl-C, whatever became of the first one."""
    interrupted = False

    def hear(_signal: int, _frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    def check() -> None:
        if interrupted:
            raise KeyboardInterrupt

    usual = signal.getsignal(signal.SIGINT)
    # Otherwise it is ignored, as behind nohup, or somebody else's; and only the main thread may change it.
    is_ours = usual is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if is_ours:
        signal.signal(signal.SIGINT, hear)
    try:
        yield check
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, usual)


@contextmanager
def _bar() -> Iterator[Progress]:
    """A bar that appears when the work has taken a while; until then it costs nothing, and has no thread."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    began = time.monotonic()
    with ExitStack() as shown:
        bar: Progress | None = None

        def progress(stage: str, done: int, total: int) -> None:
            nonlocal bar
            if bar is None and time.monotonic() - began >= _BAR_SECONDS:
                bar = shown.enter_context(_rich_bar())
            if bar is not None:
                bar(stage, done, total)

        yield progress


@contextmanager
def _rich_bar() -> Iterator[Progress]:
    # Here, since it takes a while to import.
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, no_color=not wants_colour(True, os.environ))
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=None)
            bar.update(tasks[stage], completed=done, total=total if total > 1 else None)

        yield progress


def _path_pair(text: str) -> tuple[str, str]:
    recorded, equals, here = text.partition("=")
    if not (recorded and equals and here):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FROM=TO")
    return recorded, os.path.abspath(here)
