"""Questions as they are typed: `identify 0x55d0c0ffee --depth 3`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from pmat_lsp.catalogue.question import Given, Parameter, Question, Takes
from pmat_lsp.errors import PmatError


def add_parameters(parser: argparse.ArgumentParser, question: Question[Any]) -> None:
    """Declare what a question is told as arguments of a command line."""
    for parameter in question.parameters:
        _add(parser, parameter)


def given_in(arguments: argparse.Namespace, question: Question[Any]) -> dict[str, Given]:
    """The values of the parameters that `add_parameters` declared."""
    return {parameter.name: getattr(arguments, parameter.name) for parameter in question.parameters}


def parse_words(question: Question[Any], words: Sequence[str]) -> dict[str, Given]:
    """What a question is told by the words behind its name.

    Raises:
        PmatError: they are not what the question takes.
    """
    parser = _Parser(prog=question.name, add_help=False)
    add_parameters(parser, question)
    return given_in(parser.parse_args(list(words)), question)


def positive(text: str) -> int:
    """A whole number above 0."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


class _Parser(argparse.ArgumentParser):
    """One that ends a question, not the process."""

    def error(self, message: str) -> NoReturn:
        usage = " ".join(self.format_usage().split())
        raise PmatError(f"{self.prog}: {message}", usage)


def _add(parser: argparse.ArgumentParser, parameter: Parameter) -> None:
    # argparse formats its help texts with %, and the names of hashes begin with one.
    help, name = parameter.help.replace("%", "%%"), parameter.name
    if parameter.default is not None:
        help += " (default: %(default)s)"
    if parameter.takes is Takes.WORDS:
        # No REMAINDER: behind an argument that is missing it would take nothing at all.
        parser.add_argument(name, metavar=name.upper(), nargs="+" if parameter.required else "*", help=help)
    elif parameter.positional:
        parser.add_argument(
            name,
            metavar=name.upper(),
            nargs=None if parameter.required else "?",
            choices=parameter.choices or None,
            help=help,
        )
    else:
        _add_option(parser, parameter, help)


def _add_option(parser: argparse.ArgumentParser, parameter: Parameter, help: str) -> None:
    options = [f"-{parameter.letter}"] if parameter.letter else []
    options.append("--" + parameter.name.replace("_", "-"))
    if parameter.takes is Takes.FLAG:
        parser.add_argument(*options, action="store_true", help=help)
    elif parameter.takes is Takes.NUMBER:
        parser.add_argument(*options, metavar="N", type=positive, default=parameter.default, help=help)
    else:
        parser.add_argument(
            *options,
            metavar=None if parameter.choices else parameter.takes.value.upper(),
            choices=parameter.choices or None,
            default=parameter.default,
            required=parameter.required,
            help=help,
        )
