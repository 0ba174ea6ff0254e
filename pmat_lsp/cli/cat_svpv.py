"""`pmat-lsp cat-svpv`: the bytes of a scalar's string, as they are."""

from __future__ import annotations

import argparse
import sys

from pmat_lsp.catalogue.parameters import SV
from pmat_lsp.cli.opening import add_dump, as_reference, opened
from pmat_lsp.cli.output import show_warning
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.naming import described
from pmat_lsp.heap.privacy import hidden_value
from pmat_lsp.heap.values import scalar_value

NAME = "cat-svpv"
DESCRIPTION = """\
Prints the bytes of a scalar's string to stdout, nothing before or behind them: to see them in a pager, in a hex dump,
or to get a document out of a dump. Control characters reach a terminal as they are."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the dump and the SV."""
    add_dump(parser)
    parser.add_argument("sv", metavar="SV", help=SV.help.replace("%", "%%"))


def run(arguments: argparse.Namespace) -> int:
    """Print the bytes; a warning on stderr where the dump has not all of them.

    Raises:
        PmatError: the dump cannot be read, or there is no such scalar, or it has no string, or that is hidden.
    """
    (dump,) = opened(arguments)
    heap, sv = as_reference(dump, arguments.shown).heap, dump.find_sv(arguments.sv)
    if heap.kind[sv] != Kind.SCALAR:
        raise PmatError(f"{described(heap, sv)} is no scalar", "Name one: `find DUMP pv TEXT` lists those with a text.")
    value = scalar_value(heap, sv)
    if value.string is None:
        raise PmatError(f"{described(heap, sv)} has no string", "`show` tells what it holds.")
    if (hidden := hidden_value(heap, sv, value)) is not None:
        raise PmatError(f"{described(heap, sv)} holds what is hidden: {hidden}", "`--show-secrets` prints it.")
    sys.stdout.flush()
    sys.stdout.buffer.write(value.string)
    sys.stdout.buffer.flush()
    if len(value.string) < value.string_length:
        show_warning(
            f"the dump has {len(value.string):,} of {value.string_length:,} bytes:"
            " Devel::MAT::Dumper cuts strings unless it is told -max_string"
        )
    return 0
