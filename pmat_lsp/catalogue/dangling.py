"""`list-dangling-ptrs`: pointers that lead nowhere."""

from __future__ import annotations

from pmat_lsp.analysis.dangling import dangling_table
from pmat_lsp.catalogue.question import Question
from pmat_lsp.render.reference_text import dangling_text

DANGLING = Question(
    name="list-dangling-ptrs",
    description="""\
Lists the pointers in SVs that lead to no SV of the dump. perl leaves a few of them in its caches; any other is a sign
of C code that has freed an SV once too often. Reads the whole dump again.""",
    parameters=(),
    answer=lambda asked: dangling_table(asked.heap, asked.progress),
    text=dangling_text,
)
