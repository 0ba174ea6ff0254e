"""Every question, in the order in which help lists them; the module of each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, ValuesView
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pmat_lsp.catalogue.loaded import Loaded

if TYPE_CHECKING:
    from pmat_lsp.catalogue.question import Question

_PLACES = {
    "summary": "summary.SUMMARY",
    "count": "count.COUNT",
    "roots": "roots.ROOTS",
    "identify": "identify.IDENTIFY",
    "inrefs": "neighbours.INREFS",
    "outrefs": "neighbours.OUTREFS",
    "show": "show.SHOW",
    "elems": "contents.ELEMS",
    "values": "contents.VALUES",
    "symbols": "symbols.SYMBOLS",
    "packages": "symbols.PACKAGES",
    "callers": "running.CALLERS",
    "stack": "running.STACK",
    "io": "handles.IO",
    "find": "find.FIND",
    "reachability": "reachability.REACHABILITY",
    "strtab": "strtab.STRTAB",
    "list-dangling-ptrs": "dangling.DANGLING",
    "list-orphans": "orphans.ORPHANS",
    "largest": "largest.LARGEST",
    "size": "size.SIZE",
    "dominators": "dominators.DOMINATORS",
    "query": "query.QUERY",
    "compare": "several.COMPARE",
    "diff": "several.DIFF",
    "leakreport": "several.LEAKREPORT",
    "counts": "several.COUNTS",
}
"""The module of each in this package, and the name of its `Question` there."""


def _load(name: str) -> Question[Any]:
    module, constant = _PLACES[name].split(".")
    question: Question[Any] = getattr(import_module(f"pmat_lsp.catalogue.{module}"), constant)
    return question


BY_NAME: Mapping[str, Question[Any]] = Loaded(tuple(_PLACES), _load)
QUESTIONS: ValuesView[Question[Any]] = BY_NAME.values()
