"""Our own requests, for editor plugins: `pmat/catalogue`, `pmat/run`, `pmat/leaks`, `pmat/expand`.

docs/protocol.md describes them. It is an interface: keys stay; new ones may come.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pmat_lsp.catalogue.question import Parameter, Question
from pmat_lsp.catalogue.questions import QUESTIONS
from pmat_lsp.catalogue.words import parse_words
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Progress as HeapProgress
from pmat_lsp.render.tables import answer_data
from pmat_lsp.server.asking import ask_dump, ask_question, question_named
from pmat_lsp.server.changes import front_data
from pmat_lsp.server.choice import choice_data
from pmat_lsp.server.dumps import named_dump
from pmat_lsp.server.expansion import expansion_data, read_page
from pmat_lsp.server.language_server import PmatServer, answered
from pmat_lsp.server.leak_data import Json, checked_data, dump_data, findings_data, overview_data
from pmat_lsp.server.params import Params
from pmat_lsp.server.progress import Progress
from pmat_lsp.server.publishing import target_of
from pmat_lsp.server.state import OpenDump, State
from pmat_lsp.server.threads import in_daemon_thread

VERSION = 1
"""Grows when a key is removed or changes its meaning."""
CATALOGUE = "pmat/catalogue"
RUN = "pmat/run"
LEAKS = "pmat/leaks"
EXPAND = "pmat/expand"


@answered
async def catalogue(_ls: PmatServer, _params: Any) -> Json:
    """Answer with every question and what it takes."""
    # Not on the loop: the first time the modules of all of them are imported.
    questions = await in_daemon_thread(lambda: [_question(question) for question in QUESTIONS])
    return {"version": VERSION, "questions": questions}


def _question(question: Question[Any]) -> Json:
    least, most = question.dumps
    return {
        "name": question.name,
        "title": question.help,
        "description": question.description,
        "dumps": {"least": least, "most": most},
        "parameters": [_parameter(parameter) for parameter in question.parameters],
    }


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "takes": parameter.takes.value,
        "help": parameter.help,
        "positional": parameter.positional,
        "required": parameter.required,
        "letter": parameter.letter,
        "default": parameter.default,
        "choices": list(parameter.choices),
    }


@answered
async def run(ls: PmatServer, params: Any) -> Json:
    """Ask a question of the open dump, or of those that are named."""
    read = Params(RUN, params)
    question = question_named(read.text("name"))
    given, words = read.values_if_given("arguments"), read.texts_if_given("words")
    if given is not None and words is not None:
        raise PmatError(f"{RUN}: arguments and words exclude each other")
    paths = [named_dump(name, ls.state.folders) for name in read.texts_if_given("dumps") or ()]
    told = (given or {}) if words is None else parse_words(question, words)
    async with Progress(ls, question.name, read.token()) as progress:
        reply = await ask_question(ls, question, told, paths, progress.from_thread())
    return {"answer": answer_data(reply.answer), "text": reply.text}


@answered
async def leaks(ls: PmatServer, params: Any) -> Json:
    """Tell what leaked, and how it is with the dump."""
    read = Params(LEAKS, params)
    front = front_data(ls.state.front)
    data: Json = {key: front[key] for key in ("state", "version", "message")}
    data |= {"dump": None, "dumps": choice_data(ls.state), "checked": None}
    data |= {"findings": [], "selfHeld": [], "overview": None}
    if ls.state.dump_path is None:
        return data
    async with Progress(ls, LEAKS, read.token()) as progress:
        work = partial(_leaks, state=ls.state, overview=read.flag("overview"))
        return data | await ask_dump(ls, work, progress.from_thread())


def _leaks(opened: OpenDump, progress: HeapProgress, state: State, overview: bool) -> Json:
    """Runs in the worker."""
    dump = opened.dump
    return {
        "dump": dump_data(dump, state.previous),
        "checked": checked_data(dump),
        **findings_data(dump, target_of(dump, state)),
        "overview": overview_data(dump, progress) if overview else None,
    }


@answered
async def expand(ls: PmatServer, params: Any) -> Json:
    """Tell a page of a node's children."""
    read = Params(EXPAND, params)
    what, page = read.text("what"), read_page(read)
    return await ask_dump(ls, lambda opened, progress: expansion_data(opened.dump, what, page, progress))
