"""`io`: the file handles that are open."""

from __future__ import annotations

from pmat_lsp.analysis.handles import handles_table
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.parameters import LIMIT
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.render.listing_text import handles_text


def _answer(asked: Asked) -> Table:
    return handles_table(asked.heap, asked.dump.ownership, asked.number_if_given("count"))


IO = Question(
    name="io",
    description="""\
Lists every IO that has a file number, by number, with the number for input, the number for output, and the glob that
it is the handle of. `leaked` is one that nothing can ever close; `lost` one that no root reaches, but that C code may
hold.""",
    parameters=(
        Parameter("what", Takes.CHOICE, "there is one", positional=True, default="list", choices=("list",)),
        LIMIT,
    ),
    answer=_answer,
    text=handles_text,
)
