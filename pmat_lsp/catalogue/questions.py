"""Every question, in the order in which help lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pmat_lsp.catalogue import (
    contents,
    count,
    dangling,
    dominators,
    find,
    handles,
    identify,
    largest,
    neighbours,
    orphans,
    query,
    reachability,
    roots,
    running,
    several,
    show,
    size,
    strtab,
    summary,
    symbols,
)
from pmat_lsp.catalogue.question import Question

QUESTIONS: tuple[Question[Any], ...] = (
    summary.SUMMARY,
    count.COUNT,
    roots.ROOTS,
    identify.IDENTIFY,
    neighbours.INREFS,
    neighbours.OUTREFS,
    show.SHOW,
    contents.ELEMS,
    contents.VALUES,
    symbols.SYMBOLS,
    symbols.PACKAGES,
    running.CALLERS,
    running.STACK,
    handles.IO,
    find.FIND,
    reachability.REACHABILITY,
    strtab.STRTAB,
    dangling.DANGLING,
    orphans.ORPHANS,
    largest.LARGEST,
    size.SIZE,
    dominators.DOMINATORS,
    query.QUERY,
    several.COMPARE,
    several.DIFF,
    several.LEAKREPORT,
    several.COUNTS,
)

BY_NAME: Mapping[str, Question[Any]] = {question.name: question for question in QUESTIONS}
