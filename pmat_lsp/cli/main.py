"""`pmat-lsp`: finds the command, runs it, and turns what went wrong into one line and an exit status."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, ValuesView
from importlib import import_module
from typing import Protocol, cast

from pmat_lsp import __version__
from pmat_lsp.catalogue import questions
from pmat_lsp.catalogue.loaded import Loaded
from pmat_lsp.catalogue.parsers import AnyOrder
from pmat_lsp.cli.order import in_order
from pmat_lsp.cli.output import PROGRAM, show_error, survive_any_character
from pmat_lsp.errors import PmatError, system_error_text

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
    def DESCRIPTION(self) -> str:
        """In sentences."""

    @property
    def add_arguments(self) -> Callable[[argparse.ArgumentParser], None]:
        """Declare the arguments."""

    @property
    def run(self) -> Callable[[argparse.Namespace], int]:
        """Do it; returns the exit status, raises PmatError."""


HELP: Mapping[str, str] = {
    "leaks": "say what leaked in a heap dump, and on which lines",
    "fix": "fix what leaked: show the changes of the sources, make them, try them on the program",
    **questions.HELP,
    "cat-svpv": "print the string of a scalar, byte for byte",
    "export": "write the views of the heap as Parquet files",
    "scrub": "write a dump without values, to give it to others",
    "shell": "ask one dump many questions, at a prompt or from a pipe",
    "cache": "list or remove the indexes that make opening a dump again instant",
    "serve": "run the language server: editors start it",
    "demo": "show a real leak as an editor would show it",
    "help": "say what a command does, as --help does",
}
"""What each command does, in a few words; in the order of the help."""
_MANY = 50_000
"""Objects made until Python looks for cycles among them."""
_MODULES = {"cat-svpv": "cat_svpv", "shell": "shell.command"}
"""The module in this package of a command that is not called as it is."""


def _load(name: str) -> Command:
    if name not in questions.HELP:
        return cast("Command", import_module(f"pmat_lsp.cli.{_MODULES.get(name, name)}"))
    from pmat_lsp.cli.questions import QuestionCommand

    return QuestionCommand(questions.BY_NAME[name])


BY_NAME: Mapping[str, Command] = Loaded(tuple(HELP), _load)
"""A command is imported when it is typed, or when its own help is asked for: the imports take longer than answers."""
COMMANDS: ValuesView[Command] = BY_NAME.values()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; `argv` is that of the process where it is None. Returns the exit status."""
    survive_any_character()
    # What is imported and computed lives as long as this process: to look through it again and again finds nothing.
    gc.set_threshold(_MANY)
    try:
        return _obey(sys.argv[1:] if argv is None else argv)
    except PmatError as error:
        show_error(error)
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return EXIT_BROKEN_PIPE
    except (MemoryError, OSError, RuntimeError) as error:
        # Here, since a program that does what it is told needs none of it.
        from pmat_lsp.heap import memory

        short = memory.shortage("this", error)
        if short is None and not isinstance(error, OSError):
            raise
        # If the output could not be written, as on a full disk, Python would try again at exit.
        _forget_stdout()
        show_error(short or PmatError(system_error_text(error) if isinstance(error, OSError) else str(error)))
        return EXIT_ERROR


def _obey(argv: Sequence[str]) -> int:
    """Run the command and flush its output."""
    try:
        words = in_order(argv, BY_NAME)
        arguments = build_parser(words).parse_args(words)
        status: int = arguments.run(arguments)
    except SystemExit:
        # argparse exits after it has printed the help or the version.
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return status


def build_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the command line for some words: it knows the commands among them whole, and others by name."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Reads Perl heap dumps, proves what leaked, and shows it on the source lines.",
        epilog=f"{PROGRAM} COMMAND --help tells more.",
    )
    parser.set_defaults(parser=parser)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=AnyOrder)
    for name in _listed(words):
        added = commands.add_parser(name, help=HELP[name])
        if name in words:
            _add_command(added, BY_NAME[name])
    return parser


def _listed(words: Sequence[str]) -> Iterable[str]:
    """The commands that the parser has to know: making the parsers of all takes a while, too."""
    first = next(iter(words), "")
    if first == "--version":
        return ()
    return (first,) if first in HELP and first != "help" else HELP


def _add_command(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.description = command.DESCRIPTION
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_arguments(parser)
    parser.set_defaults(run=command.run)


def _forget_stdout() -> None:
    """Nobody reads any more: keep the interpreter from complaining when it flushes at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
