"""`strtab`: the shared string table."""

from __future__ import annotations

from pmat_lsp.analysis.strtab import strtab_table
from pmat_lsp.catalogue.parameters import count_parameter
from pmat_lsp.catalogue.question import Question

STRTAB = Question(
    name="strtab",
    description="""\
Lists the keys that perl keeps once for all hashes, the commonest first: in how many hashes each is, and how long it is
in bytes. A program that uses data as keys (addresses, times, whole lines) shows it here.""",
    parameters=(count_parameter(20, "how many"),),
    answer=lambda asked: strtab_table(asked.heap, asked.number("count"), asked.progress),
)
