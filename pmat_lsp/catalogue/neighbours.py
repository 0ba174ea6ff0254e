"""`inrefs` and `outrefs`: what refers to an SV, and what it refers to."""

from __future__ import annotations

from pmat_lsp.analysis.neighbours import inrefs_table, outrefs_table
from pmat_lsp.catalogue.parameters import STRENGTHS, SV, strengths
from pmat_lsp.catalogue.question import Question
from pmat_lsp.render.reference_text import references_text

_LETTERS = """\
each with its strength:
s strong, w weak, i indirect (by way of another SV), ~ inferred."""

INREFS = Question(
    name="inrefs",
    description=f"Lists the references to an SV, {_LETTERS}",
    parameters=(SV, *STRENGTHS),
    answer=lambda asked: inrefs_table(asked.heap, asked.sv(), strengths(asked)),
    text=references_text,
)
OUTREFS = Question(
    name="outrefs",
    description=f"Lists the references from an SV, {_LETTERS}",
    parameters=(SV, *STRENGTHS),
    answer=lambda asked: outrefs_table(asked.heap, asked.sv(), strengths(asked)),
    text=references_text,
)
