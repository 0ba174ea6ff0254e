"""What the commands about sizes share: the dump, one SV of it, and a table or tree as text or JSON."""

from __future__ import annotations

import argparse

from rich.text import Text

from pmat_lsp.analysis.ownership import find_ownership
from pmat_lsp.analysis.retained import Retained, retained_sizes
from pmat_lsp.analysis.tables import Table, Tree
from pmat_lsp.cli import opening
from pmat_lsp.cli.output import show
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.tables import table_json, table_text, tree_json, tree_text


def add_dump(parser: argparse.ArgumentParser) -> None:
    """Declare the dump and the shape of the answer."""
    opening.add_dump(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def positive(text: str) -> int:
    """A whole number above 0, from the command line."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def sizes_of(heap: Heap) -> Retained:
    """What each SV retains."""
    return retained_sizes(heap, find_ownership(heap))


def show_answer(heap: Heap, answer: Table | Tree, as_json: bool) -> None:
    """Print a table or tree."""
    if isinstance(answer, Tree):
        show(Text(tree_json(heap, answer) + "\n") if as_json else tree_text(heap, answer))
    else:
        show(Text(table_json(heap, answer) + "\n") if as_json else table_text(heap, answer))
