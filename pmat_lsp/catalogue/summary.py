"""`summary`: what a dump is."""

from __future__ import annotations

from pmat_lsp.analysis.summary import summary_table
from pmat_lsp.catalogue.question import Question
from pmat_lsp.render.reference_text import summary_text

SUMMARY = Question(
    name="summary",
    description="""\
Says what perl wrote the dump, whether it has threads, and how many SVs there are. With --json also the format, bytes,
roots, blessed SVs and open file handles.""",
    parameters=(),
    answer=lambda asked: summary_table(asked.heap),
    text=summary_text,
)
