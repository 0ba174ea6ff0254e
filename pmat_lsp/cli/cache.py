"""`pmat-lsp cache`: the indexes that make the second opening of a dump instant."""

from __future__ import annotations

import argparse
from datetime import datetime

from rich.text import Text

from pmat_lsp.cli.output import show
from pmat_lsp.heap.cache import Cache
from pmat_lsp.units import format_bytes, format_count

NAME = "cache"
DESCRIPTION = """\
Reading a dump leaves an index in the user's cache folder (PMAT_LSP_CACHE names another one), so that opening it again
takes no time. The files that were not used for longest go by themselves when the cache grows beyond its limit."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", choices=("list", "clear"), help="say what is there, or remove it")


def run(arguments: argparse.Namespace) -> int:
    """List or clear the cache of the user."""
    cache = Cache.of_user()
    show(_cleared(cache) if arguments.action == "clear" else _listed(cache))
    return 0


def _cleared(cache: Cache) -> Text:
    return Text(f"removed {format_bytes(cache.clear())} from {cache.folder}\n")


def _listed(cache: Cache) -> Text:
    entries = cache.entries()
    total = format_bytes(sum(entry.bytes for entry in entries))
    text = Text(f"{cache.folder}: {format_count(len(entries), 'file')}, {total} of {format_bytes(cache.limit)}\n")
    for entry in entries:
        used = datetime.fromtimestamp(entry.used).strftime("%Y-%m-%d %H:%M")
        text.append(f"  {format_bytes(entry.bytes):>12}  last used {used}  {cache.dump_of(entry.path)}\n")
    return text
