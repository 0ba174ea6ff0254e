"""`symbols` and `packages`: what the symbol table has."""

from __future__ import annotations

from pmat_lsp.analysis.symbols import packages_table, symbols_table
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.parameters import LIMIT
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.render.listing_text import packages_text, symbols_text


def _symbols(asked: Asked) -> Table:
    package, count = asked.text("package") or "main", asked.number_if_given("count")
    return symbols_table(asked.heap, package, asked.flag("recurse"), count, asked.progress)


SYMBOLS = Question(
    name="symbols",
    description="""\
Lists the scalars, arrays, hashes and subs that a package names, and the packages inside it, by name. A sub or constant
that perl keeps without a glob is there too, as what its reference leads to.""",
    parameters=(
        Parameter("package", Takes.TEXT, "the package, such as Net::Client", positional=True, default="main"),
        Parameter("recurse", Takes.FLAG, "go into the packages inside it, each once", letter="R"),
        LIMIT,
    ),
    answer=_symbols,
    text=symbols_text,
)
PACKAGES = Question(
    name="packages",
    description="Lists every package that the symbol table leads to, by name.",
    parameters=(Parameter("versions", Takes.FLAG, "the $VERSION of each too", letter="V"), LIMIT),
    answer=lambda asked: packages_table(
        asked.heap, asked.flag("versions"), asked.number_if_given("count"), asked.progress
    ),
    text=packages_text,
)
