"""Every question, in the order in which help lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pmat_lsp.catalogue import (
    count,
    dominators,
    identify,
    largest,
    neighbours,
    roots,
    show,
    size,
    summary,
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
    largest.LARGEST,
    size.SIZE,
    dominators.DOMINATORS,
)

BY_NAME: Mapping[str, Question[Any]] = {question.name: question for question in QUESTIONS}
