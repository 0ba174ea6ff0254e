"""A command for each question of the catalogue: `pmat-lsp identify DUMP 0x…`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from pmat_lsp.catalogue.question import Question
from pmat_lsp.catalogue.words import add_parameters, given_in
from pmat_lsp.cli.opening import add_dumps, as_reference, opened, progress_bar
from pmat_lsp.cli.output import show, shows_links
from pmat_lsp.render.tables import answer_csv, answer_json


@dataclass(frozen=True, slots=True)
class QuestionCommand:
    """A question as a command."""

    question: Question[Any]

    @property
    def NAME(self) -> str:
        """What one types."""
        return self.question.name

    @property
    def DESCRIPTION(self) -> str:
        """In sentences."""
        return self.question.description

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the dumps, the shape of the answer, and what the question is told."""
        add_dumps(parser, *self.question.dumps)
        shape = parser.add_mutually_exclusive_group()
        shape.add_argument("--json", action="store_true", help="print one JSON object")
        shape.add_argument("--csv", action="store_true", help="print comma-separated values")
        add_parameters(parser, self.question)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print the answer.

        Raises:
            PmatError: a dump cannot be read, or the question cannot be answered.
        """
        dumps = opened(arguments)
        if not (arguments.json or arguments.csv):
            dumps = tuple(as_reference(dump, arguments.shown) for dump in dumps)
        with progress_bar() as progress:
            answer = self.question.answer(self.question.asked(dumps, given_in(arguments, self.question), progress))
        if arguments.json:
            show(Text(answer_json(answer) + "\n"))
        elif arguments.csv:
            show(Text(answer_csv(answer)))
        else:
            targets = None
            if shows_links():
                from pmat_lsp.cli.targets import recorded_targets

                targets = recorded_targets(dumps)
            show(self.question.text(answer), targets)
        return 0
