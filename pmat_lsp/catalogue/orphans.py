"""`list-orphans`: SVs that nothing refers to."""

from __future__ import annotations

from pmat_lsp.analysis.orphans import orphans_table
from pmat_lsp.catalogue.question import Question
from pmat_lsp.render.scripts_text import orphans_text

ORPHANS = Question(
    name="list-orphans",
    description="Lists the SVs that no other SV and no root refers to: C code holds them, or nobody does.",
    parameters=(),
    answer=lambda asked: orphans_table(asked.heap, asked.progress),
    text=orphans_text,
)
