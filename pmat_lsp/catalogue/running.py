"""`callers` and `stack`: what the program was doing."""

from __future__ import annotations

from pmat_lsp.analysis.callers import callers_tree
from pmat_lsp.analysis.stack import stack_table
from pmat_lsp.catalogue.parameters import LIMIT
from pmat_lsp.catalogue.question import Parameter, Question, Takes
from pmat_lsp.render.listing_text import callers_text, stack_text

CALLERS = Question(
    name="callers",
    description="""\
Shows the calls that were running when the dump was written, the innermost first: the sub, what its caller wants of it,
where it was called, its arguments as they are now, and the object that it is a method of.""",
    parameters=(Parameter("pad", Takes.FLAG, "all lexicals of each call too", letter="P"),),
    answer=lambda asked: callers_tree(asked.heap, asked.flag("pad")),
    text=callers_text,
)
STACK = Question(
    name="stack",
    description="Shows the SVs on the value stack, where perl's ops pass each other their operands; the top first.",
    parameters=(LIMIT,),
    answer=lambda asked: stack_table(asked.heap, asked.number_if_given("count")),
    text=stack_text,
)
