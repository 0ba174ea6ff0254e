"""How a line of the shell can go on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from pmat_lsp.analysis.symbols import packages_table, symbols_table
from pmat_lsp.catalogue.filters import FILTERS
from pmat_lsp.catalogue.question import Parameter, Takes
from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.cli.shell.commands import COMMANDS, Shell
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.symbols import SLOTS
from pmat_lsp.session import Dump

_MOST = 200
_DUMP_ENDINGS = (".pmat", ".pmat.gz", ".pmat.xz", ".pmat.zst")


def completions(shell: Shell, line: str) -> tuple[str, list[str]]:
    """The word at the end of a line, and what it can become."""
    word = "" if line[-1:].isspace() else (line.split() or [""])[-1]
    before = line[: len(line) - len(word)].split()
    return word, [text for text in _offered(shell, before, word) if text.startswith(word)][:_MOST]


def _offered(shell: Shell, before: Sequence[str], word: str) -> Iterable[str]:
    if not before or before == ["help"]:
        return [command.name for command in COMMANDS]
    question, last = BY_NAME.get(before[0]), before[-1]
    options, argument = _known(before)
    valued = (option for option in options if option.takes is not Takes.FLAG)
    wanted = next((option for option in valued if last in _spellings(option)), argument)
    if wanted and not (wanted is argument and word.startswith("-")):
        return _values(shell, wanted)
    if word.startswith("-"):
        own = ["--json", "--unexplained"] if before[0] == "leaks" else ["--json"] if question else []
        return [*own, *(_spellings(option)[0] for option in options)]
    if word[:1] and word[0] in SLOTS:
        return _symbols(shell.dump, word)
    if before[0] == "open" or (question and question.dumps != (1, 1)):
        return _dumps(word)
    if before[0] == "find":
        return [one.name for one in FILTERS]
    positional = [parameter for parameter in question.parameters if parameter.positional] if question else []
    return [text for parameter in positional for text in _values(shell, parameter)]


def _known(before: Sequence[str]) -> tuple[list[Parameter], Parameter | None]:
    """The options that may follow, and the argument that must: those of `find` are its own and the last filter's."""
    question = BY_NAME.get(before[0])
    options = [parameter for parameter in question.parameters if not parameter.positional] if question else []
    options = [option for option in options if option.takes not in (Takes.WORDS, Takes.TERMS)]
    filters = {one.name: one for one in FILTERS} if before[0] == "find" else {}
    latest = next((filters[word] for word in reversed(before) if word in filters), None)
    if latest is None:
        return options, None
    return [*options, *latest.options], latest.argument if before[-1] == latest.name and latest.takes is None else None


def _spellings(option: Parameter) -> tuple[str, ...]:
    long = "--" + option.name.replace("_", "-")
    return (long, f"-{option.letter}") if option.letter else (long,)


def _values(shell: Shell, parameter: Parameter) -> list[str]:
    if parameter.name == "package":
        return _packages(shell.dump)
    if parameter.takes is Takes.SV:
        return [*reversed(shell.seen), *(root.name for root in shell.dump.heap.roots if root.sv >= 0)]
    return list(parameter.choices)


def _packages(dump: Dump) -> list[str]:
    return [str(row[0]) for row in packages_table(dump.heap).rows]


def _symbols(dump: Dump, word: str) -> list[str]:
    package = word[1:].rpartition("::")[0]
    try:
        rows = symbols_table(dump.heap, package or "main").rows
    except PmatError:
        return []
    main = "main::" if word[1:].startswith("main::") else ""
    names = (str(row[0]) for row in rows)
    inner = [word[0] + main + name[1:] for name in names if name[0] == word[0] or name.endswith("::")]
    return list(dict.fromkeys(inner))


def _dumps(word: str) -> list[str]:
    """The folders and dumps that a path may become; no name that would need quotes."""
    folder = word[: word.rfind("/") + 1]
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            found = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries]
    except OSError:
        return []
    shown = (name for name in sorted(found) if name.endswith(("/", *_DUMP_ENDINGS)) and len(name.split()) == 1)
    return [folder + name for name in shown if word != folder or not name.startswith(".")]
