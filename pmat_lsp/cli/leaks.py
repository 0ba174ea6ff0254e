"""`pmat-lsp leaks`: what leaked in a heap dump, and on which lines."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.text import Text

from pmat_lsp.cli.opening import add_dump, add_sources, opened_dump, progress_bar, source_settings
from pmat_lsp.cli.output import show
from pmat_lsp.cli.targets import report_targets
from pmat_lsp.session import Dump

NAME = "leaks"
ABOUT = """\
Says what leaked in a heap dump: objects in reference cycles that nothing alive can ever free. Each finding comes with
the source line, the cycle, what it holds, the proof, and the cure. Below them stands what only holds itself, yet live
code can reach through a weak reference: that may be meant, and one dump cannot tell.

A comment `# pmat: ignore REASON` on the marked line, or above it, makes a finding known: it is only counted."""
DESCRIPTION = f"""\
{ABOUT}

Exit status: 0 no proven leak, or all of them known; 1 proven leaks; 2 an error."""

EXIT_NO_LEAK = 0
EXIT_LEAKS = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump(parser)
    add_sources(parser)
    add_shape(parser)


def add_shape(parser: argparse.ArgumentParser) -> None:
    """Declare how the answer looks."""
    parser.add_argument("--json", action="store_true", help="print one JSON object, as docs/json.md describes it")
    parser.add_argument(
        "--unexplained", action="store_true", help="also list what is lost but may be held by C code, so is not proven"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the answer.

    Raises:
        PmatError: the dump cannot be read, or a source root is no directory.
    """
    dump = opened_dump(arguments.dump, source_settings(arguments))
    text, status = answer(dump, arguments)
    show(text, None if arguments.json else report_targets(dump, Path.cwd()))
    return status


def answer(dump: Dump, arguments: argparse.Namespace) -> tuple[Text, int]:
    """The answer in the shape that `add_shape` declared, and the exit status that goes with it."""
    with progress_bar() as progress:
        dump.prove(progress)
    # Here, since what parses Perl takes a while to import, which other commands should not pay.
    from pmat_lsp.render.json import leaks_json
    from pmat_lsp.render.report import leaks_text
    from pmat_lsp.render.report_parts import ReportSource
    from pmat_lsp.render.unexplained import unexplained_text

    report, marked, self_held = dump.leaks.report, dump.marked, dump.marked_self_held
    is_open = report.more.findings > 0 or any(finding.ignored is None for finding in marked)
    status = EXIT_LEAKS if is_open else EXIT_NO_LEAK
    if arguments.json:
        unexplained = dump.unexplained if arguments.unexplained else None
        return Text(leaks_json(dump.heap, report, marked, self_held, unexplained) + "\n"), status
    text = leaks_text(report, marked, self_held, ReportSource(dump.places, Path.cwd()), dump.suspects)
    if arguments.unexplained:
        text.append("\n").append_text(unexplained_text(dump.unexplained))
    return text, status
