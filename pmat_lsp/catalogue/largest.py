"""`largest`: the largest SVs."""

from __future__ import annotations

from pmat_lsp.analysis.largest import largest_by_retained, largest_by_size
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.parameters import count_parameter
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes


def _answer(asked: Asked) -> Table:
    if asked.flag("retained"):
        return largest_by_retained(asked.heap, asked.dump.retained(asked.progress), asked.number("count"))
    return largest_by_size(asked.heap, asked.number("count"))


LARGEST = Question(
    name="largest",
    help="list the largest SVs, by themselves or by what they keep alive",
    description="""\
Lists the SVs that take the most memory: each by itself, or, with --retained, with all that would be freed if it were
freed. Then one can be inside another: `dominators` shows them as a tree.""",
    parameters=(
        Parameter("retained", Takes.FLAG, "by what each alone keeps alive"),
        count_parameter(20, "how many"),
    ),
    answer=_answer,
)
