"""`pmat-lsp outrefs`: what an SV refers to."""

from __future__ import annotations

import argparse

from pmat_lsp.analysis.lookup import find_sv
from pmat_lsp.analysis.neighbours import outrefs_table
from pmat_lsp.cli.answers import add_dump_and_sv, add_strengths, show_table, strengths_of
from pmat_lsp.cli.opening import opened
from pmat_lsp.render.reference_text import references_text

NAME = "outrefs"
HELP = "list what an SV refers to"
DESCRIPTION = """\
Lists the references from an SV, each with its strength:
s strong, w weak, i indirect (by way of another SV), ~ inferred."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump_and_sv(parser)
    add_strengths(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the references.

    Raises:
        PmatError: the dump cannot be read, or has no such SV.
    """
    heap = opened(arguments)
    table = outrefs_table(heap, find_sv(heap, arguments.sv), strengths_of(arguments))
    show_table(heap, table, references_text, arguments.json)
    return 0
