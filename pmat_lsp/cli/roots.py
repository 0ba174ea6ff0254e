"""`pmat-lsp roots`: the places from which perl reaches the heap."""

from __future__ import annotations

import argparse

from pmat_lsp.analysis.roots import roots_table
from pmat_lsp.cli.answers import show_table
from pmat_lsp.cli.memory import add_dump
from pmat_lsp.cli.opening import opened
from pmat_lsp.render.reference_text import roots_text

NAME = "roots"
HELP = "list the roots: the SVs that perl itself knows by name"
DESCRIPTION = "Lists the named places of the interpreter from which the heap is reached, each with its SV."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the roots.

    Raises:
        PmatError: the dump cannot be read.
    """
    heap = opened(arguments)
    show_table(heap, roots_table(heap), roots_text, arguments.json)
    return 0
