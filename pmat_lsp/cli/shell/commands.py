"""The commands of the shell: the questions of the catalogue, and those that the shell itself has."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.text import Text

from pmat_lsp.catalogue.parsers import WordsParser
from pmat_lsp.catalogue.question import Question
from pmat_lsp.catalogue.questions import QUESTIONS
from pmat_lsp.catalogue.words import add_parameters, given_in
from pmat_lsp.cli import leaks
from pmat_lsp.cli.opening import as_reference, opened_dump, progress_bar
from pmat_lsp.cli.shell.words import split_words
from pmat_lsp.cli.targets import recorded_targets, report_targets
from pmat_lsp.errors import PmatError
from pmat_lsp.render.links import Targets
from pmat_lsp.render.tables import answer_json
from pmat_lsp.session import Dump, Shown

_ADDRESS = re.compile(r"\b0x[0-9a-f]{1,16}\b")
_MOST_SEEN = 10_000


class Leave(Exception):
    """The user wants to go."""


@dataclass
class Shell:
    """What the shell knows between two commands."""

    dump: Dump
    asked_for: Shown | None = None
    """What of the values the user asked to be shown, if anything."""
    rest: Text = field(default_factory=Text)
    """What of the last answer was not shown yet."""
    targets: Targets | None = None
    """Where the links of the last answer lead."""
    seen: dict[str, None] = field(default_factory=dict)
    """The addresses in what was shown, the latest last."""

    def answer(self, line: str) -> Text | None:
        """What one line is answered; None for an empty line or a comment.

        Raises:
            PmatError: the command is wrong, or cannot be answered.
            Leave: it was `quit`.
        """
        words = [] if line.lstrip().startswith("#") else split_words(line)
        if not words:
            return None
        command = command_named(words[0])
        if {"-h", "--help"} & set(words[1:]):
            return help_text(command)
        return command.run(self, _parser_of(command).parse_args(words[1:]))

    def note(self, shown: str) -> None:
        """Remember the addresses in a text, to complete them."""
        for address in _ADDRESS.findall(shown):
            self.seen.pop(address, None)
            self.seen[address] = None
        for address in list(self.seen)[:-_MOST_SEEN]:
            del self.seen[address]

    def opened(self, path: Path) -> Dump:
        """Another dump, with the settings of the open one.

        Raises:
            DumpError: it cannot be read.
        """
        return opened_dump(path, self.dump.settings, prefix="")


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """Something that can be typed."""

    name: str
    help: str
    description: str
    add_arguments: Callable[[argparse.ArgumentParser], object]
    run: Callable[[Shell, argparse.Namespace], Text]


def help_text(command: ShellCommand) -> Text:
    """What a command does and takes; newer pythons colour it."""
    return Text.from_ansi(_parser_of(command).format_help()).append("\n")


def command_named(name: str) -> ShellCommand:
    """The command of a name.

    Raises:
        PmatError: there is none.
    """
    for command in COMMANDS:
        if command.name == name:
            return command
    alike = difflib.get_close_matches(name, [command.name for command in COMMANDS], 1)
    raise PmatError(f"no command {name!r}", f"Is {alike[0]} meant?" if alike else "`help` lists them.")


def _parser_of(command: ShellCommand) -> WordsParser:
    parser = WordsParser(
        prog=command.name,
        description=command.description.replace("%", "%%"),
        add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    return parser


def _path(text: str) -> Path:
    """The path that a word names; `~` is the home, as in a shell."""
    return Path(os.path.expanduser(text))


def _of_question(question: Question[Any]) -> ShellCommand:
    least, most = question.dumps

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        if most != 1:
            number = ("*" if least == 1 else "+") if most is None else least - 1
            parser.add_argument("dumps", metavar="DUMP", type=_path, nargs=number, help="others than the open one")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        add_parameters(parser, question)

    def run(shell: Shell, arguments: argparse.Namespace) -> Text:
        others: list[Path] = arguments.dumps if "dumps" in arguments else []
        dumps = (shell.dump, *map(shell.opened, others))
        if not arguments.json:
            dumps = tuple(as_reference(dump, shell.asked_for) for dump in dumps)
        with progress_bar() as progress:
            answer = question.answer(question.asked(dumps, given_in(arguments, question), progress))
        shell.targets = None if arguments.json else recorded_targets(dumps)
        return Text(answer_json(answer) + "\n") if arguments.json else question.text(answer)

    return ShellCommand(question.name, question.help, question.description, add_arguments, run)


def _nothing(_parser: argparse.ArgumentParser) -> None:
    """Takes no words."""


def _leaks(shell: Shell, arguments: argparse.Namespace) -> Text:
    text, _ = leaks.answer(shell.dump, arguments)
    shell.targets = None if arguments.json else report_targets(shell.dump, Path.cwd())
    return text


def _open(shell: Shell, arguments: argparse.Namespace) -> Text:
    shell.dump = shell.opened(arguments.path)
    shell.seen.clear()
    return Text()


def _more(shell: Shell, _arguments: argparse.Namespace) -> Text:
    return shell.rest if shell.rest.plain else Text("no more lines\n", "dim")


def _help(_shell: Shell, arguments: argparse.Namespace) -> Text:
    if arguments.command:
        return help_text(command_named(arguments.command))
    width = max(len(command.name) for command in COMMANDS)
    return Text("".join(f"{command.name.ljust(width)}  {command.help}\n" for command in COMMANDS))


def _quit(_shell: Shell, _arguments: argparse.Namespace) -> Text:
    raise Leave


COMMANDS: tuple[ShellCommand, ...] = (
    ShellCommand(leaks.NAME, "say what leaked, and on which lines", leaks.ABOUT, leaks.add_shape, _leaks),
    *map(_of_question, QUESTIONS),
    ShellCommand(
        "open",
        "take another dump",
        "Reads another dump; from then on questions are about it. The open one stays where that cannot be read.",
        lambda parser: parser.add_argument("path", metavar="PATH", type=_path, help="a dump, packed or not"),
        _open,
    ),
    ShellCommand(
        "more",
        "go on with the last answer",
        "Shows the next page of an answer that is longer than the terminal.",
        _nothing,
        _more,
    ),
    ShellCommand(
        "help",
        "say what a command does",
        "Lists the commands, or says what one does and takes; COMMAND --help does so, too.",
        lambda parser: parser.add_argument("command", metavar="COMMAND", nargs="?", help="one of those that it lists"),
        _help,
    ),
    ShellCommand("quit", "leave; Ctrl-D does so, too", "Leaves the shell, as `exit` and Ctrl-D do.", _nothing, _quit),
    ShellCommand("exit", "leave", "Leaves the shell, as `quit` and Ctrl-D do.", _nothing, _quit),
)
"""In the order of the help."""
