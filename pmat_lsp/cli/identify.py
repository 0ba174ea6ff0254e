"""`pmat-lsp identify`: what an SV is, told by what refers to it."""

from __future__ import annotations

import argparse

from rich.text import Text

from pmat_lsp.analysis.identify import IdentifyOptions, identify_tree
from pmat_lsp.analysis.lookup import find_sv
from pmat_lsp.cli.answers import add_dump_and_sv, add_strengths, strengths_of
from pmat_lsp.cli.memory import positive
from pmat_lsp.cli.opening import opened
from pmat_lsp.cli.output import show
from pmat_lsp.render.identify_text import identify_text
from pmat_lsp.render.tables import tree_json

NAME = "identify"
HELP = "say what an SV is, by the ways that lead to it"
DESCRIPTION = """\
Tells what refers to an SV, what refers to that, and so on back to the roots, the shortest ways first. An SV that is
told more than once has a mark, (*A). A glob that has left the symbol table is no root: what holds it is told."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump_and_sv(parser)
    parser.add_argument(
        "-d", "--depth", metavar="N", type=positive, default=10, help="how far to go (default: %(default)s)"
    )
    add_strengths(parser)
    parser.add_argument("-n", "--no-elide", action="store_true", help="leave out no REF, pad or symbol")
    parser.add_argument("--to-root", action="store_true", help="only the shortest way to a root")


def run(arguments: argparse.Namespace) -> int:
    """Print the ways.

    Raises:
        PmatError: the dump cannot be read, or has no such SV.
    """
    heap = opened(arguments)
    options = IdentifyOptions(
        arguments.depth, strengths_of(arguments), not arguments.no_elide, to_root=arguments.to_root
    )
    tree = identify_tree(heap, find_sv(heap, arguments.sv), options)
    show(Text(tree_json(heap, tree) + "\n") if arguments.json else identify_text(tree))
    return 0
