"""How a line of the shell can go on."""

from __future__ import annotations

from collections.abc import Iterable

from pmat_lsp.analysis.symbols import symbols_table
from pmat_lsp.catalogue.question import Parameter, Takes
from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.cli.shell_commands import COMMANDS, Shell
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.symbols import SLOTS

_MOST = 200


def completions(shell: Shell, line: str) -> tuple[str, list[str]]:
    """The word at the end of a line, and what it can become."""
    word = "" if line[-1:].isspace() else (line.split() or [""])[-1]
    before = line[: len(line) - len(word)].split()
    return word, [text for text in _offered(shell, before, word) if text.startswith(word)][:_MOST]


def _offered(shell: Shell, before: list[str], word: str) -> Iterable[str]:
    if not before or (before == ["help"]):
        return [command.name for command in COMMANDS]
    parameters: tuple[Parameter, ...] = BY_NAME[before[0]].parameters if before[0] in BY_NAME else ()
    if word.startswith("-"):
        own = ["--json", "--unexplained"] if before[0] == "leaks" else ["--json"] if parameters else []
        return own + [_option(parameter) for parameter in parameters if not parameter.positional]
    if word[:1] and word[0] in SLOTS:
        return _symbols(shell, word)
    choices = [choice for parameter in parameters if parameter.positional for choice in parameter.choices]
    takes_sv = any(parameter.takes is Takes.SV for parameter in parameters)
    roots = [root.name for root in shell.dump.heap.roots if root.sv >= 0] if takes_sv else []
    return [*choices, *reversed(shell.seen), *roots]


def _option(parameter: Parameter) -> str:
    return "--" + parameter.name.replace("_", "-")


def _symbols(shell: Shell, word: str) -> list[str]:
    package = word[1:].rpartition("::")[0]
    try:
        rows = symbols_table(shell.dump.heap, package or "main").rows
    except PmatError:
        return []
    main = "main::" if word[1:].startswith("main::") else ""
    names = (str(row[0]) for row in rows)
    inner = [word[0] + main + name[1:] for name in names if name[0] == word[0] or name.endswith("::")]
    return list(dict.fromkeys(inner))
