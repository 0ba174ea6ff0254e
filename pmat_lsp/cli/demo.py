"""`pmat-lsp demo`: a real leak, as an editor shows it."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

NAME = "demo"
DESCRIPTION = """\
Puts a small Perl program and the heap dump that it wrote into a folder, starts the language server there as an editor
would, and prints what the editor would show. Files that are already in the folder are left as they are."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "folder", metavar="DIR", type=Path, nargs="?", help="where to put it (default: a new temporary directory)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what an editor would show.

    Raises:
        PmatError: the folder cannot be written, or the server does not answer.
    """
    # Here, since the protocol takes a noticeable time to import, which the other commands should not pay.
    from pmat_lsp.cli.demonstration import demonstrate

    demonstrate(Path(arguments.folder or tempfile.mkdtemp(prefix="pmat-lsp-demo-")).resolve())
    return 0
