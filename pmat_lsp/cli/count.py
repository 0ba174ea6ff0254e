"""`pmat-lsp count`: how many SVs of each kind."""

from __future__ import annotations

import argparse

from pmat_lsp.analysis.count import CountOptions, count_table
from pmat_lsp.cli.answers import show_table
from pmat_lsp.cli.memory import add_dump
from pmat_lsp.cli.opening import opened
from pmat_lsp.render.reference_text import count_text

NAME = "count"
HELP = "count the SVs of each kind"
DESCRIPTION = "Counts the SVs of each kind with their bytes, and of these the blessed ones."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump(parser)
    parser.add_argument("-b", "--blessed", action="store_true", help="of each kind the ten commonest classes too")
    parser.add_argument("-S", "--scalars", action="store_true", help="of scalars the fields that they have, too")


def run(arguments: argparse.Namespace) -> int:
    """Print the counts.

    Raises:
        PmatError: the dump cannot be read.
    """
    heap = opened(arguments)
    table = count_table(heap, CountOptions(arguments.blessed, arguments.scalars))
    show_table(heap, table, count_text, arguments.json)
    return 0
