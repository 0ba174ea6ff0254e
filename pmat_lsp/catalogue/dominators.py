"""`dominators`: what keeps what alive."""

from __future__ import annotations

from dataclasses import replace

from pmat_lsp.analysis.dominators import MOST_LEVELS, dominator_tree
from pmat_lsp.analysis.instances import class_table, package_table
from pmat_lsp.analysis.tables import Answer
from pmat_lsp.catalogue.parameters import SV, count_parameter
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.errors import PmatError

_TABLES = {"class": class_table, "package": package_table}


def _answer(asked: Asked) -> Answer:
    by = asked.text("by")
    if by and asked.text("sv"):
        raise PmatError("--by is about the whole heap: it takes no SV")
    sizes = asked.dump.retained(asked.progress)
    if by:
        return _TABLES[by](asked.heap, sizes, asked.number("count"))
    return dominator_tree(asked.heap, sizes, asked.sv_if_given(), asked.number("depth"), asked.number("count"))


DOMINATORS = Question(
    name="dominators",
    description="""\
Shows the dominator tree: below each SV those that would be freed with it, heaviest first, each with its own size, what
it retains, and how many SVs that are. With --by, sums over classes or packages instead; what is inside something else
of the same class or package is counted once.""",
    parameters=(
        replace(SV, help=f"the SV at the top: {SV.help}; without it, all roots", required=False),
        Parameter("depth", Takes.NUMBER, f"how deep, at most {MOST_LEVELS}", default=3),
        count_parameter(5, "how many of each level"),
        Parameter("by", Takes.CHOICE, "a table instead of the tree", choices=tuple(_TABLES)),
    ),
    answer=_answer,
)
