"""`pmat-lsp`: finds the command, runs it, and turns what went wrong into one line and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, ValuesView
from importlib import import_module
from typing import Protocol, cast

from pmat_lsp import __version__
from pmat_lsp.catalogue import questions
from pmat_lsp.catalogue.loaded import Loaded
from pmat_lsp.catalogue.words import AnyOrder
from pmat_lsp.cli.order import in_order
from pmat_lsp.cli.output import PROGRAM, show_error, survive_any_character
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


_MODULES = {
    "leaks": "leaks",
    "fix": "fix",
    **dict.fromkeys(questions.BY_NAME, ""),
    "cat-svpv": "cat_svpv",
    "export": "export",
    "shell": "shell.command",
    "cache": "cache",
    "serve": "serve",
    "demo": "demo",
    "help": "help",
}
"""The module of each command in this package, "" for a question; in the order of the help."""


def _load(name: str) -> Command:
    if module := _MODULES[name]:
        return cast("Command", import_module(f"pmat_lsp.cli.{module}"))
    from pmat_lsp.cli.questions import QuestionCommand

    return QuestionCommand(questions.BY_NAME[name])


BY_NAME: Mapping[str, Command] = Loaded(tuple(_MODULES), _load)
"""A command is imported when it is typed, or help is asked for: the imports of all take longer than most answers."""
COMMANDS: ValuesView[Command] = BY_NAME.values()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; `argv` is that of the process where it is None. Returns the exit status."""
    survive_any_character()
    try:
        words = in_order(sys.argv[1:] if argv is None else argv, BY_NAME)
        arguments = build_parser(_wanted(words)).parse_args(words)
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
    except (MemoryError, OSError, RuntimeError) as error:
        # Here, since a program that does what it is told needs none of it.
        from pmat_lsp.heap import memory

        short = memory.shortage("this", error)
        if short is None and not isinstance(error, OSError):
            raise
        show_error(short or PmatError(str(error)))
        return EXIT_ERROR
    return status


def _wanted(words: Sequence[str]) -> Iterable[Command]:
    """The command that is typed; all where there is none such, or where it is `help`, which tells of them."""
    known = words and words[0] in BY_NAME and words[0] != "help"
    return (BY_NAME[words[0]],) if known else COMMANDS


def build_parser(wanted: Iterable[Command] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of the command line, with the commands that are wanted."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Reads Perl heap dumps, proves what leaked, and shows it on the source lines.",
        epilog=f"{PROGRAM} COMMAND --help tells more.",
    )
    parser.set_defaults(parser=parser)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=AnyOrder)
    for command in wanted:
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
