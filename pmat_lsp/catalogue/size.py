"""`size`: how large one SV is."""

from __future__ import annotations

from pmat_lsp.analysis.size import size_table
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.parameters import SV
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes


def _answer(asked: Asked) -> Table:
    sv = asked.sv()
    return size_table(asked.heap, sv, asked.dump.retained(asked.progress) if asked.flag("retained") else None)


SIZE = Question(
    name="size",
    description="""\
Says how large an SV is: by itself, with its structure (elements, values, pads), with what it owns (all that it leads to
and that has a reference count of 1), and, with --retained, with all that would be freed if it were freed.""",
    parameters=(SV, Parameter("retained", Takes.FLAG, "also say what it alone keeps alive")),
    answer=_answer,
)
