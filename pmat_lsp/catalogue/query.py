"""`query`: the heap in SQL."""

from __future__ import annotations

from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.parameters import count_parameter
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.query.database import query_table
from pmat_lsp.query.views import VIEWS


def _answer(asked: Asked) -> Table:
    most = None if asked.flag("all") else asked.number("count")
    return query_table(asked.dump, asked.text("sql") or "", most, asked.progress)


_VIEWS = "\n".join(f"  {view.name:<9} {view.meaning}" for view in VIEWS)
QUERY = Question(
    name="query",
    description=f"""\
Answers one SELECT of DuckDB's SQL about the views of the heap; DESCRIBE of a view tells its columns:

{_VIEWS}

Reaches no file and no network. Needs DuckDB: pip install 'pmat-lsp[query]'.""",
    parameters=(
        Parameter("sql", Takes.TEXT, "the statement, quoted for the shell", positional=True, required=True),
        count_parameter(100, "how many rows"),
        Parameter("all", Takes.FLAG, "all rows", letter="a"),
    ),
    answer=_answer,
)
