"""`elems` and `values`: what an array or a hash holds."""

from __future__ import annotations

from dataclasses import replace

from pmat_lsp.analysis.contents import elements_table, values_table
from pmat_lsp.catalogue.parameters import LIMIT, SV
from pmat_lsp.catalogue.question import Parameter, Question, Takes
from pmat_lsp.render.listing_text import elements_text, values_text

ELEMS = Question(
    name="elems",
    description="Lists the elements of an array, or of the array that a reference leads to.",
    parameters=(
        replace(SV, help=f"the array: {SV.help}"),
        Parameter("start", Takes.INDEX, "index of the first that is told", positional=True, default=0),
        LIMIT,
    ),
    answer=lambda asked: elements_table(
        asked.heap, asked.sv(), asked.number("start"), asked.number_if_given("count"), asked.progress
    ),
    text=elements_text,
)
VALUES = Question(
    name="values",
    description="""\
Lists the values of a hash or package, or of the hash that a reference leads to, each with its key, by key. NULL is an
entry without an SV.""",
    parameters=(
        replace(SV, help=f"the hash: {SV.help}"),
        Parameter("skip", Takes.INDEX, "how many to leave out before the first", positional=True, default=0),
        LIMIT,
    ),
    answer=lambda asked: values_table(
        asked.heap, asked.sv(), asked.number("skip"), asked.number_if_given("count"), asked.progress
    ),
    text=values_text,
)
