"""`roots`: the places from which perl reaches the heap."""

from __future__ import annotations

from pmat_lsp.analysis.roots import roots_table
from pmat_lsp.catalogue.question import Question
from pmat_lsp.render.reference_text import roots_text

ROOTS = Question(
    name="roots",
    description="Lists the named places of the interpreter from which the heap is reached, each with its SV.",
    parameters=(),
    answer=lambda asked: roots_table(asked.heap),
    text=roots_text,
)
