"""Questions of the catalogue, asked of the open dump or of others; whoever waits may give up, which ends the work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pmat_lsp.analysis.tables import Answer
from pmat_lsp.catalogue.question import Question
from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Progress as HeapProgress
from pmat_lsp.heap.progress import no_progress
from pmat_lsp.server.language_server import PmatServer, Unanswerable
from pmat_lsp.server.progress import Cancelled
from pmat_lsp.server.state import OpenDump
from pmat_lsp.server.threads import in_daemon_thread
from pmat_lsp.session import Dump, open_dump

Result = TypeVar("Result")
NOT_OPEN = ("no heap dump is open", "Load one with the command pmat.load.")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and how it reads on a terminal."""

    answer: Answer
    text: str


def question_named(name: str) -> Question[Any]:
    """A question of the catalogue.

    Raises:
        PmatError: there is none of that name.
    """
    question = BY_NAME.get(name)
    if question is None:
        raise PmatError(f"there is no question {name!r}", f"There are: {', '.join(BY_NAME)}.")
    return question


async def ask_dump(
    ls: PmatServer, work: Callable[[OpenDump, HeapProgress], Result], report: HeapProgress = no_progress
) -> Result:
    """The result of `work` in the worker. When the task that waits is cancelled, its next call of progress raises.

    Raises:
        Unanswerable: no dump is open.
    """
    given_up = threading.Event()
    try:
        # A result of its own may be None.
        found = await ls.state.ask(lambda opened: (work(opened, _stopped_by(given_up, report)),))
    finally:
        given_up.set()
    if found is None:
        raise Unanswerable(*NOT_OPEN)
    return found[0]


async def ask_question(
    ls: PmatServer,
    question: Question[Any],
    given: Mapping[str, object],
    paths: Sequence[Path] = (),
    report: HeapProgress = no_progress,
) -> Reply:
    """The answer to a question about the dumps at `paths`; where there are none, about the open one.

    Raises:
        PmatError: a dump cannot be read, or the question cannot be answered.
    """

    def about(dumps: tuple[Dump, ...], progress: HeapProgress) -> Reply:
        answer = question.answer(question.asked(dumps, given, progress))
        return Reply(answer, question.text(answer).plain)

    if not paths:
        return await ask_dump(ls, lambda opened, progress: about((opened.dump,), progress), report)
    settings = ls.state.settings.session(ls.state.folders)
    given_up = threading.Event()
    progress = _stopped_by(given_up, report)

    def open_and_ask() -> Reply:
        dumps = (open_dump(path, settings, progress, given_up.is_set, in_background=True) for path in paths)
        return about(tuple(dumps), progress)

    try:
        # Not in the worker: reading another dump takes its time, and has nothing to do with the open one.
        return await in_daemon_thread(open_and_ask)
    finally:
        given_up.set()


def _stopped_by(given_up: threading.Event, report: HeapProgress) -> HeapProgress:
    def progress(stage: str, done: int, total: int) -> None:
        if given_up.is_set():
            raise Cancelled
        report(stage, done, total)

    return progress
