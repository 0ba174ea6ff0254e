"""Questions as they are typed: `identify 0x55d0c0ffee --depth 3`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
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
    parser = WordsParser(prog=question.name, add_help=False)
    add_parameters(parser, question)
    return given_in(parser.parse_args(list(words)), question)


def positive(text: str) -> int:
    """A whole number above 0."""
    if not (number := _whole(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def _index(text: str) -> int:
    if (number := _whole(text)) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return number


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


_NUMBERS: Mapping[Takes, Callable[[str], int]] = {Takes.NUMBER: positive, Takes.INDEX: _index}


class AnyOrder(argparse.ArgumentParser):
    """A parser that takes words and options in any order; argparse alone gives a word up at the option before it."""

    terms = ""
    """The TERMS among its arguments: they take what it does not know."""
    command = ""
    """The name under which all words behind `--` are kept, as they are; "": that is a word like any other."""
    _parsing = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As that of the base class."""
        if self._parsing:
            return super().parse_known_args(args, namespace)
        behind: list[str] = []
        if self.command and args is not None and "--" in args:
            at = list(args).index("--")
            args, behind = args[:at], list(args[at + 1 :])
        self._parsing = True
        try:
            found, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._parsing = False
        if self.command:
            setattr(found, self.command, behind)
        if not self.terms:
            return found, unknown
        getattr(found, self.terms).extend(unknown)
        return found, []


class WordsParser(AnyOrder):
    """One that ends a question, not the process: it raises PmatError."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong, with the usage as the hint."""
        usage = " ".join(self.format_usage().split())
        raise PmatError(f"{self.prog}: {message}", usage)


def _add(parser: argparse.ArgumentParser, parameter: Parameter) -> None:
    # argparse formats its help texts with %, and the names of hashes begin with one.
    help, name = parameter.help.replace("%", "%%"), parameter.name
    if parameter.default is not None:
        # Not by argparse, which forgets it where words and options are mixed.
        help += f" (default: {parameter.default})"
    if parameter.takes is Takes.TERMS and isinstance(parser, AnyOrder):
        parser.terms = name
    if parameter.takes in (Takes.WORDS, Takes.TERMS):
        # No REMAINDER: behind an argument that is missing it would take nothing at all.
        parser.add_argument(name, metavar=name.upper(), nargs="+" if parameter.required else "*", help=help)
    elif parameter.positional:
        parser.add_argument(
            name,
            metavar=name.upper(),
            nargs=None if parameter.required else "?",
            type=_NUMBERS.get(parameter.takes, str),
            choices=parameter.choices or None,
            default=parameter.default,
            help=help,
        )
    else:
        _add_option(parser, parameter, help)


def _add_option(parser: argparse.ArgumentParser, parameter: Parameter, help: str) -> None:
    options = [f"-{parameter.letter}"] if parameter.letter else []
    options.append("--" + parameter.name.replace("_", "-"))
    if parameter.takes is Takes.FLAG:
        parser.add_argument(*options, action="store_true", help=help)
    elif parameter.takes in _NUMBERS:
        parse = _NUMBERS[parameter.takes]
        parser.add_argument(*options, metavar="N", type=parse, default=parameter.default, help=help)
    else:
        parser.add_argument(
            *options,
            metavar=None if parameter.choices else parameter.takes.value.upper(),
            choices=parameter.choices or None,
            default=parameter.default,
            required=parameter.required,
            help=help,
        )
