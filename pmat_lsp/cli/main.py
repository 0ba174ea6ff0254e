"""`pmat-lsp`: finds the command, runs it, and turns what went wrong into one line and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from pmat_lsp import __version__
from pmat_lsp.catalogue.words import AnyOrder
from pmat_lsp.cli import cache, cat_svpv, demo, export, fix, help, leaks, serve
from pmat_lsp.cli.output import PROGRAM, show_error, survive_any_character
from pmat_lsp.cli.questions import QUESTION_COMMANDS
from pmat_lsp.cli.shell import command as shell
from pmat_lsp.errors import PmatError

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
"""128 and the number of SIGINT, as a shell reports it."""
EXIT_BROKEN_PIPE = 141
"""128 and the number of SIGPIPE."""


class Command(Protocol):
    """What a module of this package declares."""

    @property
    def NAME(self) -> str:
        """What one types."""

    @property
    def HELP(self) -> str:
        """In a few words."""

    @property
    def DESCRIPTION(self) -> str:
        """In sentences."""

    @property
    def add_arguments(self) -> Callable[[argparse.ArgumentParser], None]:
        """Declare the arguments."""

    @property
    def run(self) -> Callable[[argparse.Namespace], int]:
        """Do it; returns the exit status, raises PmatError."""


COMMANDS: tuple[Command, ...] = (leaks, fix, *QUESTION_COMMANDS, cat_svpv, export, shell, cache, serve, demo, help)
"""In the order of the help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; `argv` is that of the process where it is None. Returns the exit status."""
    survive_any_character()
    arguments = build_parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except PmatError as error:
        show_error(error)
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return EXIT_BROKEN_PIPE
    except MemoryError:
        show_error(PmatError("out of memory", "The dump and its index must fit into memory: several times its size."))
        return EXIT_ERROR
    except OSError as error:
        show_error(PmatError(str(error)))
        return EXIT_ERROR
    return status


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Reads Perl heap dumps, proves what leaked, and shows it on the source lines.",
        epilog=f"{PROGRAM} COMMAND --help tells more.",
    )
    parser.set_defaults(parser=parser)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=AnyOrder)
    for command in COMMANDS:
        added = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(added)
        added.set_defaults(run=command.run)
    return parser


def _forget_stdout() -> None:
    """Nobody reads any more: keep the interpreter from complaining when it flushes at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
