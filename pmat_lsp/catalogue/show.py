"""`show`: all about one SV."""

from __future__ import annotations

from pmat_lsp.analysis.show import ShowOptions, show_table
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.parameters import SV
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.render.show_text import show_text


def _answer(asked: Asked) -> Table:
    return show_table(asked.heap, asked.sv(), ShowOptions(asked.flag("full_pv"), asked.flag("pad")))


SHOW = Question(
    name="show",
    description="""\
Shows an SV: its refcount, size, class and name, its magic, and what its kind has: the value of a scalar, the slots of a
glob, the place, scope and pads of a sub, the lexicals of a pad.""",
    parameters=(
        SV,
        Parameter("full_pv", Takes.FLAG, "all of a string that is in the dump", letter="F"),
        Parameter("pad", Takes.FLAG, "of a sub, its first pad too", letter="P"),
    ),
    answer=_answer,
    text=show_text,
)
