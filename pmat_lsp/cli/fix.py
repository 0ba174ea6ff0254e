"""`pmat-lsp fix`: the fixes of what leaked, as a diff or made in the sources, and tried on the program itself."""

from __future__ import annotations

import argparse
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from pmat_lsp.catalogue.parsers import AnyOrder
from pmat_lsp.cli.opening import add_dump, add_sources, opened_dump, progress_bar, source_settings
from pmat_lsp.cli.output import PROGRAM, show, show_note, show_warning
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Cancelled
from pmat_lsp.session import Dump

if TYPE_CHECKING:
    from pmat_lsp.cures.model import Cure
    from pmat_lsp.cures.offers import Offer
    from pmat_lsp.cures.verified import Verification
    from pmat_lsp.source.marks import MarkedFinding

NAME = "fix"
DESCRIPTION = """\
Says of each leak where it is, how the source is to be changed so that it is gone, and what is known of that fix:

safe      every use of what becomes weak was understood, and none of them needs the reference
review    a person has to look, for the reason that is given
verified  the program did the same with the fix, and the leak was gone (--verify)

The changes of safe and verified fixes are shown as a diff that patch takes. --write makes them. --review shows or makes
those that need review, too, unless --verify has found that they change what the program does.

--verify copies the current directory and runs COMMAND in the copy: twice as it is, then with one fix at a time. It
compares what is printed, the exit status and the leaks. COMMAND runs at least three times, and what it does outside of
the copy is real.

Exit status: 0 each leak has a safe or verified fix, or one that was written; 1 some have none; 2 an error."""

EXIT_ALL_FIXED = 0
EXIT_SOME_LEFT = 1
_BY_SIGNAL = 128
"""The exit status of a process that a signal has ended, less its number."""
_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from pmat_lsp.running.dumps import DEFAULT_TIMEOUT

    add_dump(parser)
    add_sources(parser)
    parser.add_argument("--write", action="store_true", help="change the files; by default nothing is written")
    parser.add_argument(
        "--allow-outside",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a file outside of the source roots that a fix may change, too; can be given several times",
    )
    parser.add_argument("--review", action="store_true", help="also show or make fixes that need review")
    parser.add_argument("--unproven", action="store_true", help="the old name of --review")
    parser.add_argument(
        "--verify", action="store_true", help="try the fixes on the program: --verify -- COMMAND ARGUMENT…"
    )
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=_seconds,
        default=DEFAULT_TIMEOUT,
        help="time that COMMAND may take each time, such as 90s or 1h (default: 10m)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, as docs/json.md describes it")
    if isinstance(parser, AnyOrder):
        parser.command = "command"


def run(arguments: argparse.Namespace) -> int:
    """Show the fixes, or change the files.

    Raises:
        PmatError: the dump cannot be read, a source root is no directory, a file cannot be written, or the command
            cannot be run.
    """
    # Here, since what parses Perl takes a while to import, which other commands should not pay.
    from pmat_lsp.analysis.finding_ids import finding_ids
    from pmat_lsp.cures.offers import as_of, choose, newer_files
    from pmat_lsp.render.fix_json import fixes_json
    from pmat_lsp.render.fix_text import FixReport, fixes_text, newer_text

    _check(arguments)
    settings = replace(source_settings(arguments), editable=tuple(arguments.allow_outside))
    dump = opened_dump(arguments.dump, settings)
    with progress_bar() as progress:
        dump.prove(progress)
    dump_time = arguments.dump.stat().st_mtime
    ids = finding_ids(dump.leaks.report.findings)
    open_ = [(name, marked) for name, marked in zip(ids, dump.marked, strict=True) if marked.ignored is None]
    names = [name for name, _ in open_]
    found = [dump.fixes(marked) for _, marked in open_]
    candidates = [
        (marked, as_of(dump_time, marked, fixes.cures)) for (_, marked), fixes in zip(open_, found, strict=True)
    ]
    newer = newer_files([cure for _, cures in candidates for cure in cures], dump_time)
    for path in newer:
        show_note(newer_text(path, Path.cwd()))
    verification = _verified(dump, candidates, arguments) if arguments.verify else None
    trials, together = (verification.trials, verification.together) if verification else ((), None)
    offers = choose(candidates, names, trials, together, arguments.review)
    diff, changed = _made(dump, offers, arguments.write)
    written = changed if arguments.write else None
    reasons = {name: fixes.why_none for name, fixes in zip(names, found, strict=True) if fixes.why_none}
    report = FixReport(offers, Path.cwd(), verification, written, arguments.review, newer, reasons)
    if arguments.json:
        show(Text(fixes_json(dump.heap, report) + "\n"))
    else:
        show(diff.append("\n" if diff else "").append_text(fixes_text(report)))
    more = dump.leaks.report.more.findings
    if more:
        show_note(f"only the heaviest leaks were looked at; there {'is' if more == 1 else 'are'} {more:,} more")
    done = not more and all(offer.is_settled or (arguments.write and offer.is_taken) for offer in offers)
    return EXIT_ALL_FIXED if done else EXIT_SOME_LEFT


def _check(arguments: argparse.Namespace) -> None:
    """Settle what goes together.

    Raises:
        PmatError: there is no command to run, or one that is not to be run.
    """
    if arguments.unproven:
        arguments.review = True
        show_note("--unproven is now called --review, and will go")
    example = f"{PROGRAM} fix DUMP --verify -- prove -l t"
    if arguments.verify and not arguments.command:
        raise PmatError("--verify needs a command to run", f"Name it behind two dashes: {example}")
    if arguments.command and not arguments.verify:
        raise PmatError(f"{arguments.command[0]!r} stands behind --, but nothing is to be run", f"Say {example}")


def _verified(
    dump: Dump, candidates: Sequence[tuple[MarkedFinding, Sequence[Cure]]], arguments: argparse.Namespace
) -> Verification | None:
    """Run the program with the fixes; None where there is none."""
    from pmat_lsp.cures.verify import Task
    from pmat_lsp.render.fix_text import running_text
    from pmat_lsp.running.trees import measure_tree

    if not any(cures for _, cures in candidates):
        show_note("there is no fix to try, so the command was not run")
        return None
    folder = Path.cwd()
    task = Task(tuple(arguments.command), folder, arguments.timeout, arguments.memory_limit)
    show_warning(running_text(task.command, folder, measure_tree(folder)))
    with _signals_kept() as signals, progress_bar() as progress:
        try:
            return dump.verify(candidates, task, progress, lambda: bool(signals))
        except (Cancelled, PmatError):
            # A process that reads a dump hears of the Ctrl-C, too, and ends with an error.
            if not signals:
                raise
    if signals[0] == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(_BY_SIGNAL + signals[0])


def _made(dump: Dump, offers: Sequence[Offer], write: bool) -> tuple[Text, int]:
    """The diff of the fixes that are taken, or an empty one where they are written; the number of files."""
    from pmat_lsp.cures.merge import changes_of
    from pmat_lsp.render.diff import diff_text
    from pmat_lsp.source.edits import apply_edits
    from pmat_lsp.source.rewrite import rewrite

    changes = changes_of([offer.cure for offer in offers if offer.cure and offer.is_taken], dump.places)
    diff = Text()
    for change in changes:
        if write:
            rewrite(change.path, change.text, change.edits)
        else:
            after = apply_edits(change.text, change.edits)
            diff.append_text(diff_text(change.path, Path.cwd(), change.text, after))
    return diff, len(changes)


@contextmanager
def _signals_kept() -> Iterator[list[int]]:
    """The signals that would have ended this process: until the end of the block they only go into the list.

    So nothing that runs is left behind, nor a copy, however often somebody presses Ctrl-C.
    """
    heard: list[int] = []
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    # One that is ignored, as behind nohup, stays so.
    ours = [number for number, what in usual.items() if what in (signal.SIG_DFL, signal.default_int_handler)]
    try:
        for number in ours:
            signal.signal(number, lambda number, _frame: heard.append(number))
        yield heard
    finally:
        for number in ours:
            signal.signal(number, usual[number])


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip().lower())
    if not found or found[2] not in _UNITS or not float(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; they look like 90s, 10m or 1h")
    return float(found[1]) * _UNITS[found[2]]
