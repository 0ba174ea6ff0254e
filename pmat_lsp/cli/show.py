"""`pmat-lsp show`: all about one SV."""

from __future__ import annotations

import argparse

from pmat_lsp.analysis.lookup import find_sv
from pmat_lsp.analysis.show import ShowOptions, show_table
from pmat_lsp.cli import answers
from pmat_lsp.cli.opening import opened
from pmat_lsp.render.show_text import show_text

NAME = "show"
HELP = "show all that the dump says of an SV"
DESCRIPTION = """\
Shows an SV: its refcount, size, class and name, its magic, and what its kind has: the value of a scalar, the slots of a
glob, the place, scope and pads of a sub, the lexicals of a pad."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    answers.add_dump_and_sv(parser)
    parser.add_argument("-F", "--full-pv", action="store_true", help="all of a string that is in the dump")
    parser.add_argument("-P", "--pad", action="store_true", help="of a sub, its first pad too")


def run(arguments: argparse.Namespace) -> int:
    """Print the facts.

    Raises:
        PmatError: the dump cannot be read, or has no such SV.
    """
    heap = opened(arguments)
    table = show_table(heap, find_sv(heap, arguments.sv), ShowOptions(arguments.full_pv, arguments.pad))
    answers.show_table(heap, table, show_text, arguments.json)
    return 0
