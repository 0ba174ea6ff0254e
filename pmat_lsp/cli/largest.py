"""`pmat-lsp largest`: the largest SVs."""

from __future__ import annotations

import argparse

from pmat_lsp.analysis.largest import largest_by_retained, largest_by_size
from pmat_lsp.cli.memory import add_dump, positive, show_answer, sizes_of
from pmat_lsp.cli.opening import opened

NAME = "largest"
HELP = "list the largest SVs, by themselves or by what they keep alive"
DESCRIPTION = """\
Lists the SVs that take the most memory: each by itself, or, with --retained, with all that would be freed if it were
freed. Then one can be inside another: `dominators` shows them as a tree."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump(parser)
    parser.add_argument("--retained", action="store_true", help="by what each alone keeps alive")
    parser.add_argument("-n", "--count", metavar="N", type=positive, default=20, help="how many (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Print the list.

    Raises:
        PmatError: the dump cannot be read.
    """
    heap = opened(arguments)
    if arguments.retained:
        table = largest_by_retained(heap, sizes_of(heap), arguments.count)
    else:
        table = largest_by_size(heap, arguments.count)
    show_answer(heap, table, arguments.json)
    return 0
