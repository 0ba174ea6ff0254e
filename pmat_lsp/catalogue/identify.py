"""`identify`: what an SV is, told by what refers to it."""

from __future__ import annotations

from pmat_lsp.analysis.identify import IdentifyOptions, identify_tree
from pmat_lsp.analysis.tables import Tree
from pmat_lsp.catalogue.parameters import STRENGTHS, SV, strengths
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.render.identify_text import identify_text


def _answer(asked: Asked) -> Tree:
    options = IdentifyOptions(
        asked.number("depth"), strengths(asked), not asked.flag("no_elide"), to_root=asked.flag("to_root")
    )
    return identify_tree(asked.heap, asked.sv(), options, asked.dump.unseen, asked.progress)


IDENTIFY = Question(
    name="identify",
    description="""\
Tells what refers to an SV, what refers to that, and so on back to the roots, the shortest ways first. An SV that is
told more than once has a mark, (*A). A glob that has left the symbol table is no root: what holds it is told. Where an
SV that no root reaches has more counts than the dump has references, that is said, with who probably holds it.""",
    parameters=(
        SV,
        Parameter("depth", Takes.NUMBER, "how far to go", letter="d", default=10),
        *STRENGTHS,
        Parameter("no_elide", Takes.FLAG, "leave out no REF, pad or symbol", letter="n"),
        Parameter("to_root", Takes.FLAG, "only the shortest way to a root"),
    ),
    answer=_answer,
    text=identify_text,
)
