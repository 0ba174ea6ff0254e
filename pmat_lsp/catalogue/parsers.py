"""Parsers of what is typed, whose words and options may come in any order."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from pmat_lsp.errors import PmatError


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
