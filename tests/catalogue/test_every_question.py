"""Every question on every dump: it is answered, the answer is sound JSON and text, and it can be cancelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmat_lsp.catalogue.question import Question
from pmat_lsp.catalogue.questions import QUESTIONS
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import no_progress
from pmat_lsp.render.tables import answer_data, answer_json
from pmat_lsp.session import Dump, Settings
from tests.dumps import corpus_dumps, heap_of, named, own_dumps

Given = Mapping[str, object]
_SV = ({"sv": "SV"},)
"""Of questions about an SV: "SV" stands for one of every kind."""
ARGUMENTS: Mapping[str, tuple[Given, ...]] = {
    "summary": ({},),
    "count": ({}, {"blessed": True, "scalars": True}, {"struct": True}, {"owned": True, "blessed": True}),
    "roots": ({},),
    "identify": ({"sv": "SV", "depth": 4}, {"sv": "SV", "depth": 3, "weak": True, "no_elide": True}),
    "inrefs": ({"sv": "SV", "all": True},),
    "outrefs": ({"sv": "SV", "all": True},),
    "show": ({"sv": "SV", "pad": True, "full_pv": True},),
    "find": (
        {"filter": ["num"], "limit": 50},
        {"filter": ["pv", "-r", r"\w::"], "limit": 50},
        {"filter": ["cv"], "limit": 50},
        {"filter": ["io"]},
        {"filter": ["blessed", "IO::File", "io"]},
        {"filter": ["lexical", "-I", "$self"], "limit": 50},
        {"filter": ["struct", "No::Such"]},
        {"filter": ["magic"], "limit": 50},
        {"filter": [], "count": True},
    ),
    "largest": ({}, {"struct": True}, {"owned": True, "counts": ["3", "2", "2", "2"]}, {"retained": True, "count": 5}),
    "size": ({"sv": "SV", "retained": True},),
    "dominators": ({}, {"by": "class"}, {"by": "package"}, {"sv": "SV", "depth": 2}),
    "reachability": ({}, {"list": "lexical"}, {"list": "unreachable", "count": 5}),
    "strtab": ({},),
    "list-dangling-ptrs": ({},),
    "list-orphans": ({},),
    "query": (
        {"sql": "select kind, count(*), sum(retained) from svs group by 1 order by all", "all": True},
        {"sql": "select text, bytes from strings order by bytes desc", "count": 50},
    ),
    "symbols": ({}, {"package": "IO", "recurse": True}),
    "packages": ({},),
    "callers": ({}, {"pad": True}),
    "stack": ({},),
    "io": ({},),
    "elems": _SV,
    "values": _SV,
}
"""What each question is told."""


class Enough(Exception):
    """The end of a question, by who asked it."""


class Told:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def __call__(self, stage: str, _done: int, _total: int) -> None:
        self.stages.append(stage)


def _stop(_stage: str, _done: int, _total: int) -> None:
    raise Enough


def svs_of_every_kind(heap: Heap) -> list[str]:
    """The address of the first SV of each kind, and of the last one of all."""
    _, first = np.unique(heap.kind[: heap.n], return_index=True)
    return [hex(heap.address_of(sv)) for sv in [*first.tolist(), heap.n - 1]]


def all_given(heap: Heap, question: Question[Any]) -> list[Given]:
    """What a question is told, once for each SV that it may be about."""
    known = {parameter.name for parameter in question.parameters}
    result: list[Given] = []
    for given in ARGUMENTS.get(question.name, ({},)):
        assert given.keys() <= known, question.name
        svs = svs_of_every_kind(heap) if given.get("sv") == "SV" else [""]
        result += [{**given, "sv": sv} if sv else given for sv in svs]
    return result


def _check(dump: Dump) -> None:
    for question in QUESTIONS:
        if question.dumps[0] > 1:
            continue
        answered = 0
        for given in all_given(dump.heap, question):
            told = Told()
            asked = question.asked((dump,), given, told)
            try:
                answer = question.answer(asked)
            except PmatError:
                # The SV is of a kind that the question is not about, or there is no such package.
                continue
            answered += 1
            assert json.loads(answer_json(answer)) == answer_data(answer), (question.name, given)
            text = question.text(answer).plain
            assert text == "" or text.endswith("\n"), (question.name, given)
            assert not set(text) & set("\x00\x07\x1b\x7f\r\u202e"), (question.name, given)
            if told.stages:
                fresh = Dump(dump.heap, Settings())
                with pytest.raises(Enough):
                    question.answer(question.asked((fresh,), given, _stop))
        assert answered, question.name


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_every_question_on_every_own_dump(dump: Path) -> None:
    _check(Dump(heap_of(dump), Settings()))


@pytest.mark.parametrize("dump", named(corpus_dumps()[::11]))
def test_every_question_on_a_sample_of_the_corpus(dump: Path) -> None:
    _check(Dump(heap_of(dump), Settings()))


def test_the_questions_that_look_at_the_whole_heap_can_be_cancelled(demo_dump: Path) -> None:
    dump = Dump(heap_of(demo_dump), Settings())
    for question in QUESTIONS:
        if question.name in ("find", "reachability", "strtab", "list-dangling-ptrs"):
            with pytest.raises(Enough):
                question.answer(
                    question.asked((dump,), {} if question.name != "find" else {"filter": ["pv", "x"]}, _stop)
                )
    count = next(question for question in QUESTIONS if question.name == "count")
    with pytest.raises(Enough):
        count.answer(count.asked((dump,), {"owned": True}, _stop))
    assert count.answer(count.asked((dump,), {}, no_progress)).rows


def test_every_question_about_one_dump_is_tried_with_arguments() -> None:
    assert {question.name for question in QUESTIONS if question.dumps[0] == 1} <= ARGUMENTS.keys()
