"""`pmat-lsp dominators`: what keeps what alive."""

from __future__ import annotations

import argparse

from pmat_lsp.analysis.dominators import dominator_tree
from pmat_lsp.analysis.instances import class_table, package_table
from pmat_lsp.analysis.lookup import find_sv
from pmat_lsp.analysis.tables import Table, Tree
from pmat_lsp.cli.answers import SV_NAMES
from pmat_lsp.cli.memory import add_dump, positive, show_answer, sizes_of
from pmat_lsp.cli.opening import opened
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.model import Heap

NAME = "dominators"
HELP = "show what keeps what alive, as a tree, by class or by package"
DESCRIPTION = """\
Shows the dominator tree: below each SV those that would be freed with it, heaviest first, each with its own size, what
it retains, and how many SVs that are. With --by, sums over classes or packages instead; what is inside something else
of the same class or package is counted once."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump(parser)
    parser.add_argument("sv", metavar="SV", nargs="?", help=f"the SV at the top: {SV_NAMES} (default: all roots)")
    parser.add_argument("--depth", metavar="N", type=positive, default=3, help="how deep (default: %(default)s)")
    parser.add_argument(
        "-n", "--count", metavar="N", type=positive, default=5, help="how many of each level (default: %(default)s)"
    )
    parser.add_argument("--by", choices=("class", "package"), help="a table instead of the tree")


def run(arguments: argparse.Namespace) -> int:
    """Print the tree or table.

    Raises:
        PmatError: the dump cannot be read, or there is no such SV.
    """
    heap = opened(arguments)
    show_answer(heap, _answer(arguments, heap), arguments.json)
    return 0


def _answer(arguments: argparse.Namespace, heap: Heap) -> Table | Tree:
    if arguments.by and arguments.sv is not None:
        raise PmatError("--by is about the whole heap: it takes no SV")
    sv = None if arguments.sv is None else find_sv(heap, arguments.sv)
    sizes = sizes_of(heap)
    if arguments.by == "class":
        return class_table(heap, sizes, arguments.count)
    if arguments.by == "package":
        return package_table(heap, sizes, arguments.count)
    return dominator_tree(heap, sizes, sv, arguments.depth, arguments.count)
