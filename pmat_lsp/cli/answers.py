"""What the commands about SVs share: how an SV is named, and how an answer is printed."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rich.text import Text

from pmat_lsp.analysis.tables import Table
from pmat_lsp.cli.memory import add_dump
from pmat_lsp.cli.output import show
from pmat_lsp.format.kinds import Strength
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.neighbours import ALL, DIRECT
from pmat_lsp.render.tables import table_json

SV_NAMES = "an address (0x…), a root (defstash) or a symbol ($Net::Client::pool, %%main::INC)"


def add_dump_and_sv(parser: argparse.ArgumentParser) -> None:
    """Declare the dump, the shape of the answer, and the SV that it is about."""
    add_dump(parser)
    parser.add_argument("sv", metavar="SV", help=SV_NAMES)


def add_strengths(parser: argparse.ArgumentParser) -> None:
    """Declare which references are wanted."""
    strengths = parser.add_mutually_exclusive_group()
    strengths.add_argument("--weak", action="store_true", help="weak references too")
    strengths.add_argument("-a", "--all", action="store_true", help="weak, indirect and inferred references too")


def strengths_of(arguments: argparse.Namespace) -> Strength:
    """Which references are wanted: the strong ones where nothing is said."""
    if arguments.all:
        return ALL
    return DIRECT if arguments.weak else Strength.STRONG


def show_table(heap: Heap, table: Table, as_text: Callable[[Table], Text], as_json: bool) -> None:
    """Print a table in the words of Devel::MAT, or as JSON."""
    show(Text(table_json(heap, table) + "\n") if as_json else as_text(table))
