"""`count`: how many SVs of each kind."""

from __future__ import annotations

from pmat_lsp.analysis.count import CountOptions, count_table
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.render.reference_text import count_text


def _answer(asked: Asked) -> Table:
    return count_table(asked.heap, CountOptions(asked.flag("blessed"), asked.flag("scalars")))


COUNT = Question(
    name="count",
    help="count the SVs of each kind",
    description="Counts the SVs of each kind with their bytes, and of these the blessed ones.",
    parameters=(
        Parameter("blessed", Takes.FLAG, "of each kind the ten commonest classes too", letter="b"),
        Parameter("scalars", Takes.FLAG, "of scalars the fields that they have, too", letter="S"),
    ),
    answer=_answer,
    text=count_text,
)
