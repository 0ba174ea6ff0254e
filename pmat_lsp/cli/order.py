"""What people type, put into the order of this command line, or told what it may mean."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from pmat_lsp.catalogue import questions
from pmat_lsp.cli.output import PROGRAM
from pmat_lsp.errors import PmatError


def in_order(words: Sequence[str], commands: Collection[str]) -> list[str]:
    """The words with a command first and the dump behind it.

    Who knows `pmat` types the dump first, or the dump alone for the shell; and `io list` is two words, behind which the
    dump may come.

    Raises:
        PmatError: there is no such command.
    """
    ordered = list(words)
    if ordered and ordered[0] not in commands and os.path.isfile(ordered[0]):
        dump, *rest = ordered
        named = rest and not rest[0].startswith("-")
        ordered = [rest[0], dump, *rest[1:]] if named else ["shell", dump, *rest]
    if not ordered or ordered[0].startswith("-"):
        return ordered
    if ordered[0] not in commands:
        # Here, since a command that exists has no use for it.
        import difflib

        close = difflib.get_close_matches(ordered[0], commands, 1)
        meant = f"Did you mean {close[0]}? " if close else ""
        raise PmatError(f"there is no command {ordered[0]!r}", f"{meant}{PROGRAM} --help lists the commands.")
    if len(ordered) > 2 and ordered[1] in _choices(ordered[0]) and not os.path.exists(ordered[1]):
        ordered[1:3] = reversed(ordered[1:3])
    return ordered


def _choices(command: str) -> set[str]:
    """The words that a question itself takes behind the dump."""
    question = questions.BY_NAME.get(command)
    parameters = question.parameters if question else ()
    return {choice for parameter in parameters if parameter.positional for choice in parameter.choices}
