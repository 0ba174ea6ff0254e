"""`pmat-lsp fix`: the cures of what leaked, as a diff or made in the sources."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from pmat_lsp.cli.opening import add_dump, add_sources, opened_dump, progress_bar, source_settings
from pmat_lsp.cli.output import show
from pmat_lsp.render.escape import visible
from pmat_lsp.session import Dump
from pmat_lsp.units import format_count

if TYPE_CHECKING:
    from pmat_lsp.cures.merge import FileChange
    from pmat_lsp.cures.model import Cure
    from pmat_lsp.source.marks import MarkedFinding

NAME = "fix"
HELP = "cure what leaked: show the changes of the sources, or make them"
DESCRIPTION = """\
Shows how the sources are to be changed so that what leaked is freed, as a diff that patch takes. A cure is made only
where the sources and the heap prove that it frees nothing too early; --unproven takes those, too, for which only the
heap speaks: read them before you keep them. Afterwards run the program again, and look at a new dump.

Exit status: 0 every proven leak has a cure, or none is left; 1 some have none; 2 an error."""

EXIT_ALL_CURED = 0
EXIT_SOME_LEFT = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump(parser)
    add_sources(parser)
    parser.add_argument("--write", action="store_true", help="change the files; by default nothing is written")
    parser.add_argument("--unproven", action="store_true", help="also take cures that a person has to check")


def run(arguments: argparse.Namespace) -> int:
    """Print the diff, or change the files.

    Raises:
        PmatError: the dump cannot be read, a source root is no directory, or a file cannot be written.
    """
    # Here, since what parses Perl takes a while to import, which other commands should not pay.
    from pmat_lsp.cures.merge import changes_of
    from pmat_lsp.render.diff import diff_text
    from pmat_lsp.source.edits import apply_edits
    from pmat_lsp.source.rewrite import rewrite

    dump = opened_dump(arguments.dump, source_settings(arguments))
    with progress_bar() as progress:
        dump.prove(progress)
    findings = [marked for marked in dump.marked if marked.ignored is None]
    chosen: list[Cure] = []
    offered = [_choose(dump, marked, arguments.unproven, chosen) for marked in findings]
    changes = changes_of(chosen, dump.places)
    for change in changes:
        if arguments.write:
            rewrite(change.path, change.text, change.edits)
        else:
            show(diff_text(change.path, Path.cwd(), change.text, apply_edits(change.text, change.edits)))
    show(_told(findings, offered, changes, arguments.write))
    return EXIT_ALL_CURED if all(offered) else EXIT_SOME_LEFT


def _choose(dump: Dump, marked: MarkedFinding, unproven: bool, chosen: list[Cure]) -> Cure | None:
    """The best cure of a finding that goes with those that are `chosen`, added to them."""
    from pmat_lsp.cures.merge import conflicts

    for cure in dump.cures(marked):
        if (cure.is_safe or unproven) and not conflicts(cure, chosen):
            chosen.append(cure)
            return cure
    return None


def _told(
    findings: Sequence[MarkedFinding], offered: Sequence[Cure | None], changes: Sequence[FileChange], written: bool
) -> Text:
    """What was done about each finding; `patch` passes over it."""
    if not findings:
        return Text("no proven leak: nothing to cure\n")
    text = Text("\n" if changes and not written else "")
    for marked, cure in zip(findings, offered, strict=True):
        told = "no cure that is proven to be safe" if cure is None else f"{cure.title}. {cure.reason}"
        text.append(f"leak[{marked.finding.pattern.code}]", "bold red").append(
            f": {visible(marked.finding.title)}\n  {visible(told, 1000)}\n"
        )
    if written:
        text.append(f"{format_count(len(changes), 'file')} changed; run the program again, and look at a new dump\n")
    return text
