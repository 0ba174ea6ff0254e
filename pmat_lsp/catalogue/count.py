"""`count`: how many SVs of each kind."""

from __future__ import annotations

from pmat_lsp.analysis.all_sizes import owned_sizes, structure_sizes
from pmat_lsp.analysis.count import CountOptions, count_table
from pmat_lsp.analysis.tables import Table
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.render.reference_text import count_text


def _answer(asked: Asked) -> Table:
    sizes = None
    if asked.flag("owned"):
        sizes = owned_sizes(asked.heap, asked.progress)
    elif asked.flag("struct"):
        sizes = structure_sizes(asked.heap)
    return count_table(asked.heap, CountOptions(asked.flag("blessed"), asked.flag("scalars"), sizes))


COUNT = Question(
    name="count",
    description="""\
Counts the SVs of each kind with their bytes, and of these the blessed ones. With --struct or --owned the bytes are
those of each SV with its structure, or with all that it owns, as `size` tells them. These overlap: the elements of an
array count in it and as themselves, so sums, and the total, are more than the heap. Of both, --owned is taken.""",
    parameters=(
        Parameter("blessed", Takes.FLAG, "of each kind the ten commonest classes too", letter="b"),
        Parameter("scalars", Takes.FLAG, "of scalars the fields that they have, too", letter="S"),
        Parameter("struct", Takes.FLAG, "add up the SVs with their structure"),
        Parameter("owned", Takes.FLAG, "add up the SVs with what they own"),
    ),
    answer=_answer,
    text=count_text,
)
