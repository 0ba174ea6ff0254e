"""`compare`, `diff`, `leakreport` and `counts`: questions about several dumps of one program."""

from __future__ import annotations

from dataclasses import replace

from pmat_lsp.analysis.compare import compare_table
from pmat_lsp.analysis.diff import diff_tree
from pmat_lsp.analysis.growth import counts_table, stayed_table
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.parameters import LIMIT
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.render.scripts_text import compare_text, counts_text, diff_text, stayed_text


def _compare(asked: Asked) -> Table:
    before, after = asked.dumps
    before.prove(asked.progress)
    after.prove(asked.progress)
    return compare_table(before.heap, before.leaks, after.heap, after.leaks)


COMPARE = Question(
    name="compare",
    description="""\
Compares two dumps of one program, the older one first: which leaks are new, grown, shrunk and gone; which arrays and
hashes have more or fewer elements, by the variable or key that leads to them (of the 2,000 longest the 20 that changed
most); then the classes and kinds of which there are more or fewer. What is the same in both dumps is left out. Nothing
is matched by address, and no name depends on one, so the dumps may be of two runs: one before a fix, and one after
it.""",
    parameters=(),
    answer=_compare,
    text=compare_text,
    dumps=(2, 2),
)
DIFF = Question(
    name="diff",
    description="""\
Lists the SVs that only the first dump has (-), and those that only the second has (+), each under the one that it is
first reached from. SVs are matched by address, so both dumps must be of one process.""",
    parameters=(replace(LIMIT, help="how many of each dump to list (default: all)"),),
    answer=lambda asked: diff_tree(
        asked.dumps[0].heap, asked.dumps[1].heap, asked.number_if_given("count"), asked.progress
    ),
    text=diff_text,
    dumps=(2, 2),
)
LEAKREPORT = Question(
    name="leakreport",
    description="""\
Lists the SVs that are new in a dump between the first and the last, and are still there in every later one; with the
number of the dump in which each came. All dumps must be of one process, in the order of time.""",
    parameters=(
        Parameter("onefile", Takes.FLAG, "only those of the first dump that has any", letter="1"),
        LIMIT,
    ),
    answer=lambda asked: stayed_table(
        [dump.heap for dump in asked.dumps], asked.flag("onefile"), asked.number_if_given("count"), asked.progress
    ),
    text=stayed_text,
    dumps=(3, None),
)
COUNTS = Question(
    name="counts",
    description="""\
Counts the SVs of each kind with their bytes in each dump, and tells by how much each number changed since the dump
before.""",
    parameters=(),
    answer=lambda asked: counts_table([dump.heap for dump in asked.dumps], asked.progress),
    text=counts_text,
    dumps=(2, None),
)
