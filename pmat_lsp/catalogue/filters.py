"""The filters of `find` as they are typed: `cv --package Foo`, `pv --regexp ^GET`, `io 3`."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pmat_lsp.analysis.find import (
    BlessedFilter,
    CvFilter,
    Filter,
    IoFilter,
    LexicalFilter,
    MagicFilter,
    NumFilter,
    PvFilter,
    StructFilter,
)
from pmat_lsp.catalogue.question import Parameter, Takes
from pmat_lsp.errors import PmatError

_INTEGER = re.compile(r"[+-]?(?:[0-9]{1,30}|0[xX][0-9a-fA-F]{1,16})")
_NUMBER = re.compile(
    rf"{_INTEGER.pattern}|[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]{{1,4}})?|[+-]?inf", re.IGNORECASE
)
Given = Mapping[str, str]
"""What a filter was told, by the names of its parameters; "" for a flag."""


@dataclass(frozen=True, slots=True)
class FilterWords:
    """How a filter is written: its name, then its options and its argument in any order."""

    name: str
    help: str
    build: Callable[[Given], Filter]
    options: tuple[Parameter, ...] = ()
    argument: Parameter | None = None
    takes: re.Pattern[str] | None = None
    """What an argument that may be missing looks like; another word is the next filter."""


def parse_filters(words: Sequence[str]) -> tuple[Filter, ...]:
    """The filters that some words name, each with the options and the argument behind its name.

    Raises:
        PmatError: a filter or option is unknown, or a value is missing or of the wrong kind.
    """
    left, filters = deque(words), []
    while left:
        name = left.popleft()
        if name not in _BY_NAME:
            raise PmatError(f"find does not know {name!r}", f"Its filters: {', '.join(_BY_NAME)}.")
        words_of = _BY_NAME[name]
        filters.append(words_of.build(_given(words_of, left)))
    return tuple(filters)


def filters_help() -> str:
    """A line for each filter, its options under it."""
    lines = []
    for one in FILTERS:
        argument = ""
        if one.argument:
            argument = f" {one.argument.name.upper()}" if one.argument.required else f" [{one.argument.name.upper()}]"
        lines.append(f"  {one.name + argument:<20} {one.help}")
        for option in one.options:
            value = "" if option.takes is Takes.FLAG else f" {option.name.upper()}"
            letter = f", -{option.letter}" if option.letter else ""
            lines.append(f"    {f'--{option.name}{value}{letter}':<18} {option.help}")
    return "\n".join(lines)


def _given(words_of: FilterWords, left: deque[str]) -> Given:
    """What the words behind a filter's name tell it; they are taken away."""
    given: dict[str, str] = {}
    while left:
        word, argument = left[0], words_of.argument
        if word.startswith("-") and word != "-" and not (words_of.takes and words_of.takes.fullmatch(word)):
            left.popleft()
            if word == "--" and argument:
                given[argument.name] = _value(words_of, argument, left)
            else:
                option = _option(words_of, word)
                given[option.name] = "" if option.takes is Takes.FLAG else _value(words_of, option, left)
        elif argument and argument.name not in given and (not words_of.takes or words_of.takes.fullmatch(word)):
            given[argument.name] = left.popleft()
        else:
            break
    if words_of.argument and words_of.argument.required and words_of.argument.name not in given:
        raise PmatError(f"find {words_of.name} needs {words_of.argument.name}: {words_of.argument.help}")
    return given


def _option(words_of: FilterWords, word: str) -> Parameter:
    for option in words_of.options:
        if word in (f"--{option.name}", f"-{option.letter}"):
            return option
    known = ", ".join(f"--{option.name}" for option in words_of.options) or "none"
    raise PmatError(f"find {words_of.name} has no option {word}", f"Its options: {known}.")


def _value(words_of: FilterWords, parameter: Parameter, left: deque[str]) -> str:
    if not left:
        raise PmatError(f"find {words_of.name} needs a value for {parameter.name}: {parameter.help}")
    return left.popleft()


def _num(given: Given) -> Filter:
    kinds = {kind: kind in given for kind in ("iv", "uv", "nv")}
    if not any(kinds.values()):
        kinds = dict.fromkeys(kinds, True)
    return NumFilter(_number(given["value"]) if "value" in given else None, **kinds)


def _number(text: str) -> int | float:
    if _INTEGER.fullmatch(text):
        return int(text, 16 if "x" in text.lower() else 10)
    return float(text)


def _pv(given: Given) -> Filter:
    pattern = given["pattern"] if "regexp" in given else re.escape(given["pattern"])
    if "eq" in given:
        pattern = rf"\A(?:{pattern})\Z"
    try:
        return PvFilter(re.compile(pattern, re.IGNORECASE if "ignorecase" in given else 0))
    except (re.error, OverflowError, RecursionError) as error:
        hint = "The expressions are those of Python's re: mostly as in Perl, but (?P<name>…) names a group."
        raise PmatError(f"find pv: {given['pattern']!r} is no regular expression: {error}", hint) from error


def _integer(given: Given, name: str) -> int | None:
    if name not in given:
        return None
    if not _INTEGER.fullmatch(given[name]):
        raise PmatError(f"find: {name} must be a number, not {given[name]!r}")
    return int(_number(given[name]))


FILTERS: tuple[FilterWords, ...] = (
    FilterWords(
        "num",
        "scalars with a number, or with just this one",
        _num,
        tuple(
            Parameter(kind, Takes.FLAG, f"look at {kind.upper()}s, not at all numbers") for kind in ("iv", "uv", "nv")
        ),
        Parameter("value", Takes.TEXT, "a number"),
        takes=_NUMBER,
    ),
    FilterWords(
        "pv",
        "scalars with a string that has this in it",
        _pv,
        (
            Parameter("eq", Takes.FLAG, "the string is just this"),
            Parameter("regexp", Takes.FLAG, "PATTERN is a regular expression", letter="r"),
            Parameter("ignorecase", Takes.FLAG, "upper and lower case are the same", letter="i"),
        ),
        Parameter("pattern", Takes.TEXT, "a text or regular expression", required=True),
    ),
    FilterWords(
        "cv",
        "subs",
        lambda given: CvFilter("xsub" in given, given.get("package"), given.get("file")),
        (
            Parameter("xsub", Takes.FLAG, "written in C"),
            Parameter("package", Takes.TEXT, "of a package", letter="p"),
            Parameter("file", Takes.TEXT, "of a file, as perl recorded its name", letter="f"),
        ),
    ),
    FilterWords(
        "io",
        "file handles, or those of a file number",
        lambda given: IoFilter(_integer(given, "fileno")),
        (Parameter("fileno", Takes.TEXT, "open for this file number", letter="f"),),
        Parameter("fileno", Takes.TEXT, "a file number"),
        takes=re.compile(r"[0-9]+"),
    ),
    FilterWords(
        "blessed",
        "SVs that are blessed into a package",
        lambda given: BlessedFilter(given["package"]),
        argument=Parameter("package", Takes.TEXT, "a package", required=True),
    ),
    FilterWords(
        "lexical",
        "lexical variables of this name, in calls that are running",
        lambda given: LexicalFilter(given["name"], "inactive" in given),
        (Parameter("inactive", Takes.FLAG, "also those that closures and idle subs hold", letter="I"),),
        Parameter("name", Takes.TEXT, "a variable with its sigil: $self", required=True),
    ),
    FilterWords(
        "struct",
        "C structures of this type",
        lambda given: StructFilter(given["name"]),
        argument=Parameter("name", Takes.TEXT, "the name of a type: Module::Name/Type", required=True),
    ),
    FilterWords(
        "magic",
        "SVs with magic",
        lambda given: MagicFilter(_integer(given, "vtbl")),
        (Parameter("vtbl", Takes.TEXT, "whose table of functions is at this address", letter="v"),),
    ),
)
"""In the order of the help."""
_BY_NAME = {one.name: one for one in FILTERS}
