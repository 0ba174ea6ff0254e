"""Every question, in the order in which help lists them; the module of each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, ValuesView
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pmat_lsp.catalogue.loaded import Loaded

if TYPE_CHECKING:
    from pmat_lsp.catalogue.question import Question

_ENTRIES = {
    "summary": ("summary.SUMMARY", "say what perl a dump is of, and how many SVs it has"),
    "count": ("count.COUNT", "count the SVs of each kind"),
    "roots": ("roots.ROOTS", "list the roots: the SVs that perl itself knows by name"),
    "identify": ("identify.IDENTIFY", "say what an SV is, by the ways that lead to it"),
    "inrefs": ("neighbours.INREFS", "list what refers to an SV"),
    "outrefs": ("neighbours.OUTREFS", "list what an SV refers to"),
    "show": ("show.SHOW", "show all that the dump says of an SV"),
    "elems": ("contents.ELEMS", "list the elements of an array"),
    "values": ("contents.VALUES", "list the values of a hash or package"),
    "symbols": ("symbols.SYMBOLS", "list what a package names"),
    "packages": ("symbols.PACKAGES", "list the packages"),
    "callers": ("running.CALLERS", "show the calls that were running"),
    "stack": ("running.STACK", "show the value stack"),
    "io": ("handles.IO", "list the file handles that are open"),
    "find": ("find.FIND", "list the SVs that match: by number, string, class, variable, file number"),
    "reachability": (
        "reachability.REACHABILITY",
        "say what SVs are there for: symbol table, data, variables, pads, perl itself",
    ),
    "strtab": ("strtab.STRTAB", "list the keys of the shared string table"),
    "list-dangling-ptrs": ("dangling.DANGLING", "list the pointers in SVs that lead to no SV"),
    "list-orphans": ("orphans.ORPHANS", "list the SVs that nothing refers to"),
    "largest": ("largest.LARGEST", "list the largest SVs, by themselves or by what they keep alive"),
    "size": ("size.SIZE", "say how large one SV is, and what it keeps alive"),
    "dominators": ("dominators.DOMINATORS", "show what keeps what alive, as a tree, by class or by package"),
    "query": ("query.QUERY", "ask the heap in SQL"),
    "compare": ("several.COMPARE", "tell which leaks are new, gone, grown or shrunk, and what else has grown"),
    "diff": ("several.DIFF", "list the SVs that only one of two dumps has"),
    "leakreport": ("several.LEAKREPORT", "list the SVs that came between dumps and stayed"),
    "counts": ("several.COUNTS", "count the SVs of each kind in several dumps"),
}
"""The module of each in this package with the name of its `Question` there, and what it does, in a few words, in lower
case and without a stop: whoever lists the questions need not import them."""
HELP: Mapping[str, str] = {name: help for name, (_, help) in _ENTRIES.items()}
"""What each does, in a few words."""


def _load(name: str) -> Question[Any]:
    module, constant = _ENTRIES[name][0].split(".")
    question: Question[Any] = getattr(import_module(f"pmat_lsp.catalogue.{module}"), constant)
    return question


BY_NAME: Mapping[str, Question[Any]] = Loaded(tuple(_ENTRIES), _load)
QUESTIONS: ValuesView[Question[Any]] = BY_NAME.values()
