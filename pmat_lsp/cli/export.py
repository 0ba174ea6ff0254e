"""`pmat-lsp export`: the views of a heap as files, for other programs."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from pmat_lsp.cli.opening import add_dump, opened, progress_bar
from pmat_lsp.errors import PmatError
from pmat_lsp.query.database import write_parquet

NAME = "export"
DESCRIPTION = """\
Writes every view that `query` knows as a Parquet file of a folder, which is made: svs.parquet, refs.parquet and so on.
The folder is there when all of it is written, or not at all. Needs DuckDB: pip install 'pmat-lsp[query]'."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the dump, the folder, and whether to write over what is there."""
    add_dump(parser)
    parser.add_argument("--parquet", metavar="DIR", type=Path, required=True, help="the folder to make")
    parser.add_argument(
        "--force", action="store_true", help="replace the files of these names where there is such a folder"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the files.

    Raises:
        PmatError: the dump cannot be read, DuckDB is not installed, or the folder is there.
        OSError: a file cannot be written.
    """
    folder: Path = arguments.parquet
    is_there = os.path.lexists(folder)
    if is_there and not (arguments.force and folder.is_dir()):
        hint = "--force replaces the files of the views in it." if folder.is_dir() else "Name another folder."
        raise PmatError(f"{folder}: is there already", hint)
    (dump,) = opened(arguments)
    # Beside the folder, so that moving is one step; made readable to whom the folder's owner lets read.
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.absolute().parent) as made:
        whole = Path(made) / "whole"
        whole.mkdir()
        with progress_bar() as progress:
            write_parquet(dump, whole, progress)
        if not is_there:
            whole.rename(folder)
            return 0
        for file in whole.iterdir():
            file.replace(folder / file.name)
    return 0
