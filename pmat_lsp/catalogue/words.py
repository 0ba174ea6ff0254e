"""Questions as they are typed: `identify 0x55d0c0ffee --depth 3`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pmat_lsp.catalogue.parsers import AnyOrder, WordsParser
from pmat_lsp.catalogue.question import Given, Parameter, Question, Takes


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
