"""`reachability`: what SVs are there for."""

from __future__ import annotations

from pmat_lsp.analysis.reachability import CLASSES, reachability, reachability_table, reached_svs_table
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.parameters import count_parameter
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes


def _answer(asked: Asked) -> Table:
    asked.progress("reachability", 0, 1)
    reach = reachability(asked.heap, asked.dump.ownership)
    wanted = asked.text("list")
    if wanted is None:
        return reachability_table(asked.heap, reach)
    return reached_svs_table(asked.heap, reach, wanted, asked.number("count"))


REACHABILITY = Question(
    name="reachability",
    description="""\
Counts the SVs by what they are reached as: packages and globs, the program's data, its lexical variables, pads, what
perl needs for itself, and what no root holds, which is lost. A lost SV is a proven leak only if nothing that the dump
does not show can hold it: `leaks` tells.""",
    parameters=(
        Parameter("list", Takes.CHOICE, "the SVs of this class instead", choices=CLASSES),
        count_parameter(20, "how many SVs to list"),
    ),
    answer=_answer,
)
