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
    reachability,
    roots,
    running,
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
    largest.LARGEST,
    size.SIZE,
    dominators.DOMINATORS,
)

BY_NAME: Mapping[str, Question[Any]] = {question.name: question for question in QUESTIONS}
