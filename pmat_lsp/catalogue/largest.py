"""`largest`: the largest SVs."""

from __future__ import annotations

from pmat_lsp.analysis.largest import by_itself, by_owned, by_structure, largest_by_retained, largest_tree
from pmat_lsp.analysis.tables import Answer
from pmat_lsp.catalogue.question import Asked, Parameter, Question, Takes
from pmat_lsp.errors import PmatError
from pmat_lsp.render.reference_text import largest_text

_COUNTS = (5, 3, 2)
_RETAINED_COUNT = 20
_DEEPEST = 10


def _answer(asked: Asked) -> Answer:
    counts = _counts(asked)
    ways = [way for way in ("struct", "owned", "retained") if asked.flag(way)]
    if len(ways) > 1:
        raise PmatError(f"largest: --{ways[0]} and --{ways[1]} exclude each other")
    if ways == ["retained"]:
        sizes = asked.dump.retained(asked.progress)
        return largest_by_retained(asked.heap, sizes, counts[0] if counts else _RETAINED_COUNT)
    if ways == ["owned"]:
        measure = by_owned(asked.heap, asked.progress)
    else:
        measure = by_structure(asked.heap) if ways else by_itself(asked.heap)
    return largest_tree(asked.heap, measure, (*counts, *_COUNTS[len(counts) :]), asked.progress)


def _counts(asked: Asked) -> tuple[int, ...]:
    """How many of each level are wanted, as far as that was said."""
    words, count = asked.words("counts"), asked.number_if_given("count")
    for word in words:
        if not (word.isascii() and word.isdecimal() and len(word) <= 9 and int(word)):
            raise PmatError(f"largest: {word!r} is no number above 0")
    if words and count:
        raise PmatError("largest: the count was given twice")
    if len(words) > _DEEPEST:
        raise PmatError(f"largest tells {_DEEPEST} levels at the most, not {len(words)}")
    return tuple(map(int, words)) or ((count,) if count else ())


LARGEST = Question(
    name="largest",
    description="""\
Lists the SVs that take the most memory: each by itself; with --struct each with its elements, values or pads; with
--owned each with all that it leads to and that has a reference count of 1. With these two, below each SV are told the
largest of which that size is made, and again the largest of those.
With --retained: with all that would be freed if it were freed. Then one can be inside another: `dominators` shows them
as a tree.""",
    parameters=(
        Parameter("counts", Takes.WORDS, "how many, and how many of each level below (default: 5 3 2)"),
        Parameter("struct", Takes.FLAG, "by their structure"),
        Parameter("owned", Takes.FLAG, "by what they own"),
        Parameter("retained", Takes.FLAG, "by what each alone keeps alive (default: 20 of them)"),
        Parameter("count", Takes.NUMBER, "how many", letter="n"),
    ),
    answer=_answer,
    text=largest_text,
)
