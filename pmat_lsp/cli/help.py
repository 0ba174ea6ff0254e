"""`pmat-lsp help`: what `--help` prints, for who types it first."""

from __future__ import annotations

import argparse

NAME = "help"
DESCRIPTION = "Prints what --help prints, of a command or of the whole."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command to explain."""
    parser.add_argument("command", metavar="COMMAND", nargs="?", help="without it, all commands are listed")


def run(arguments: argparse.Namespace) -> int:
    """Print the help; `arguments.parser` is that of the whole command line.

    Raises:
        SystemExit: always: 0, or 2 where there is no such command.
    """
    whole: argparse.ArgumentParser = arguments.parser
    whole.parse_args([*((arguments.command,) if arguments.command else ()), "--help"])
    return 0
