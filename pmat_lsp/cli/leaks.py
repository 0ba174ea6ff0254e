"""`pmat-lsp leaks`: what leaked in a heap dump, and on which lines."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rich.text import Text

from pmat_lsp.analysis.unexplained import unexplained_groups
from pmat_lsp.cli.opening import add_dump, opened_dump, progress_bar
from pmat_lsp.cli.output import show
from pmat_lsp.errors import PmatError
from pmat_lsp.render.json import leaks_json
from pmat_lsp.render.report import ReportSource, leaks_text
from pmat_lsp.render.unexplained import unexplained_text
from pmat_lsp.session import Dump, Settings

NAME = "leaks"
HELP = "say what leaked in a heap dump, and on which lines"
DESCRIPTION = """\
Says what leaked in a heap dump: objects in reference cycles that nothing alive can ever free. Each finding comes with
the source line, the cycle, what it holds, the proof, and the cure.

Exit status: 0 no proven leak, 1 proven leaks, 2 an error."""

EXIT_NO_LEAK = 0
EXIT_LEAKS = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump(parser)
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
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print one JSON object, as docs/json.md describes it")
    shape.add_argument(
        "--unexplained", action="store_true", help="also list what is lost but may be held by C code, so is not proven"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the answer.

    Raises:
        PmatError: the dump cannot be read, or a source root is no directory.
    """
    dump = opened_dump(arguments.dump, _settings(arguments))
    with progress_bar() as progress:
        dump.prove(progress)
    report, marked = dump.leaks.report, dump.marked
    if arguments.json:
        show(Text(leaks_json(dump.heap, report, marked) + "\n"))
    else:
        show(leaks_text(report, marked, ReportSource(dump.places, Path.cwd())))
    if arguments.unexplained:
        show(_unexplained(dump))
    return EXIT_LEAKS if report.findings else EXIT_NO_LEAK


def _unexplained(dump: Dump) -> Text:
    return Text("\n").append_text(unexplained_text(unexplained_groups(dump.heap, dump.leaks.ownership)))


def _settings(arguments: argparse.Namespace) -> Settings:
    roots: list[Path] = arguments.source_root or [Path.cwd()]
    for root in roots:
        if not root.is_dir():
            raise PmatError(f"{root}: no such directory", "Name a folder with sources: --source-root DIR")
    return Settings(source_roots=tuple(roots), path_map=tuple(arguments.path_map), memory_limit=arguments.memory_limit)


def _path_pair(text: str) -> tuple[str, str]:
    recorded, equals, here = text.partition("=")
    if not (recorded and equals and here):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FROM=TO")
    return recorded, os.path.abspath(here)
