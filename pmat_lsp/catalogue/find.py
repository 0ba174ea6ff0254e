"""`find`: the SVs that match."""

from __future__ import annotations

from pmat_lsp.analysis.find import find_table, found_count
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.filters import filters_help, parse_filters
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.render.reference_text import found_text


def _answer(asked: Asked) -> Table:
    filters = parse_filters(asked.words("filter"))
    if asked.flag("count"):
        return found_count(asked.heap, filters, asked.progress)
    return find_table(asked.heap, filters, asked.number_if_given("limit"), asked.progress)


FIND = Question(
    name="find",
    description=f"""\
Lists the SVs that pass all filters, with what was found in them. Each filter is followed by its options and its
argument; `lexical` finds variables by way of their pads, and the filters behind it look at the variables.

{filters_help()}""",
    parameters=(
        Parameter("filter", Takes.TERMS, "filters, each with its own options; none: every SV"),
        Parameter("count", Takes.FLAG, "only say how many", letter="C"),
        Parameter("limit", Takes.NUMBER, "how many to list (default: all)", letter="n"),
    ),
    answer=_answer,
    text=found_text,
)
