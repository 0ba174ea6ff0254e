"""`pmat-lsp size`: how large one SV is."""

from __future__ import annotations

import argparse

from pmat_lsp.analysis.lookup import find_sv
from pmat_lsp.analysis.size import size_table
from pmat_lsp.cli.answers import add_dump_and_sv
from pmat_lsp.cli.memory import show_answer, sizes_of
from pmat_lsp.cli.opening import opened

NAME = "size"
HELP = "say how large one SV is, and what it keeps alive"
DESCRIPTION = """\
Says how large an SV is: by itself, with its structure (elements, values, pads), with what it owns (all that it leads to
and that has a reference count of 1), and, with --retained, with all that would be freed if it were freed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump_and_sv(parser)
    parser.add_argument("--retained", action="store_true", help="also say what it alone keeps alive")


def run(arguments: argparse.Namespace) -> int:
    """Print the sizes.

    Raises:
        PmatError: the dump cannot be read, or there is no such SV.
    """
    heap = opened(arguments)
    sv = find_sv(heap, arguments.sv)
    sizes = sizes_of(heap) if arguments.retained else None
    show_answer(heap, size_table(heap, sv, sizes), arguments.json)
    return 0
