"""`pmat-lsp summary`: what a dump is."""

from __future__ import annotations

import argparse

from pmat_lsp.analysis.summary import summary_table
from pmat_lsp.cli.answers import show_table
from pmat_lsp.cli.memory import add_dump
from pmat_lsp.cli.opening import opened
from pmat_lsp.render.reference_text import summary_text

NAME = "summary"
HELP = "say what perl a dump is of, and how many SVs it has"
DESCRIPTION = """\
Says what perl wrote the dump, whether it has threads, and how many SVs there are. With --json also the format, bytes,
roots, blessed SVs and open file handles."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the summary.

    Raises:
        PmatError: the dump cannot be read.
    """
    heap = opened(arguments)
    show_table(heap, summary_table(heap), summary_text, arguments.json)
    return 0
