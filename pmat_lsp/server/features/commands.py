"""The commands that a client runs: to choose the dump, and to open reports about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types

from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.errors import PmatError
from pmat_lsp.server.asking import NOT_OPEN
from pmat_lsp.server.changes import choice_changed, set_front
from pmat_lsp.server.documents import Opened, open_document
from pmat_lsp.server.dumps import named_dump
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.loading import load_dump, message_lines, show_front
from pmat_lsp.server.progress import Cancelled
from pmat_lsp.server.publishing import refresh
from pmat_lsp.server.redraw import ask_again
from pmat_lsp.server.reports import LEAKS, SHOW, finding_uri, run_uri, sv_uri
from pmat_lsp.server.watching import load_if_changed, load_wanted

LOAD = "pmat.load"
RELOAD = "pmat.reload"
UNLOAD = "pmat.unload"
RUN = "pmat.run"
IDENTIFY = "pmat.identify"
SHOW_CHAIN = "pmat.showChain"
SHOW_LEAKS = "pmat.showLeaks"
COMPARE = "pmat.compare"


@guarded
async def load(ls: PmatServer, *arguments: Any) -> bool:
    """Put the dump in front that the argument names (a path, a URI, or an object with one), and stay with it."""
    if not arguments:
        return _no_path(ls, LOAD)
    return await _choose(ls, LOAD, arguments[0], anew=False)


@guarded
async def reload(ls: PmatServer, *arguments: Any) -> bool:
    """Read the dump again that the argument names; without one that which is to be in front."""
    if arguments:
        return await _choose(ls, RELOAD, arguments[0], anew=True)
    ls.state.watch.paused = False
    return await load_wanted(ls, anew=True)


@guarded
async def unload(ls: PmatServer, *arguments: Any) -> bool:
    """Close the dump that the argument names: behind the one in front comes the one before it.

    Without an argument, or after the last one, every mark is gone, and none is loaded until one is asked for.
    """
    state = ls.state
    if arguments:
        path = _path(arguments[0], state.folders)
        opened = state.dumps.get(path) if path else None
        if opened is None:
            ls.tell(types.MessageType.Error, f"{UNLOAD}: expected the path or the URI of a dump that is open")
            return False
        was_front = state.is_front(opened)
        state.dumps.close(opened.dump.path)
        if state.dumps.front is not None:
            if was_front:
                state.watch.chosen = state.dump_path
                await show_front(ls)
            else:
                choice_changed(ls)
            return True
    state.watch.paused = True
    state.watch.chosen = None
    if state.loading is not None:
        state.loading.task.cancel()
    state.dumps.clear()
    await refresh(ls)
    ask_again(ls)
    set_front(ls, "none", None, *NOT_OPEN[:1])
    return True


async def _choose(ls: PmatServer, command: str, argument: object, *, anew: bool) -> bool:
    """Load the dump that is named, and stay with it as long as it can be read."""
    watch, path = ls.state.watch, _path(argument, ls.state.folders)
    if path is None:
        return _no_path(ls, command)
    # Before it is read: who looks for the newest dump in the meantime must not put that in front.
    before = watch.paused, watch.chosen
    watch.paused, watch.chosen = False, path
    if await load_dump(ls, path, anew=anew):
        return True
    if watch.chosen == path:
        watch.paused, watch.chosen = before
        if ls.state.dumps.front is None:
            ls.state.start(load_if_changed(ls))
    return False


def _no_path(ls: PmatServer, command: str) -> bool:
    ls.tell(types.MessageType.Error, f"{command}: expected the path or the URI of a heap dump")
    return False


@guarded
async def run(ls: PmatServer, *arguments: Any) -> Opened | None:
    """Open the answer to the question that the first argument names; the others are its words."""
    return await _open(ls, RUN, lambda: run_uri(*_name_and_words(arguments)))


@guarded
async def identify(ls: PmatServer, *arguments: Any) -> Opened | None:
    """Open the ways that lead to an SV."""
    return await _open(ls, IDENTIFY, lambda: run_uri("identify", [_text(arguments, "what names an SV")]))


@guarded
async def show(ls: PmatServer, *arguments: Any) -> Opened | None:
    """Open all about an SV."""
    return await _open(ls, SHOW, lambda: sv_uri(_text(arguments, "what names an SV")))


@guarded
async def show_chain(ls: PmatServer, *arguments: Any) -> Opened | None:
    """Open a finding by its id: that which is named, else the heaviest."""
    if arguments:
        return await _open(ls, SHOW_CHAIN, lambda: finding_uri(_text(arguments, "the id of a finding")))
    findings = await ls.state.ask(lambda opened: opened.dump.leaks.report.all_findings)
    first = next(iter(finding_ids(findings or ())), None)
    return await _open(ls, SHOW_CHAIN, lambda: LEAKS if first is None else finding_uri(first))


@guarded
async def show_leaks(ls: PmatServer, *_arguments: Any) -> Opened | None:
    """Open all findings."""
    return await _open(ls, SHOW_LEAKS, lambda: LEAKS)


@guarded
async def compare(ls: PmatServer, *arguments: Any) -> Opened | None:
    """Open what changed from the first of two dumps to the second; from the previous to the open one without them."""
    return await _open(ls, COMPARE, lambda: run_uri("compare", _two_dumps(ls, arguments)))


async def _open(ls: PmatServer, command: str, uri: Callable[[], str]) -> Opened | None:
    """Open a document; what stands in the way is told to the user."""
    try:
        return await open_document(ls, uri())
    except Cancelled:
        return None
    except PmatError as error:
        message = f"{error.message}\n{error.hint}" if error.hint else error.message
        ls.tell(types.MessageType.Error, f"{command}: {message_lines(message)}")
        return None


def _name_and_words(arguments: Sequence[object]) -> tuple[str, list[str]]:
    words = arguments[1] if len(arguments) == 2 and isinstance(arguments[1], list | tuple) else arguments[1:]
    if not all(isinstance(word, str) for word in words):
        raise PmatError("the words of a question must be texts")
    return _text(arguments, "the name of a question"), [str(word) for word in words]


def _text(arguments: Sequence[object], wanted: str) -> str:
    found = arguments[0] if arguments else None
    if not isinstance(found, str) or not found:
        raise PmatError(f"expected {wanted}")
    return found


def _two_dumps(ls: PmatServer, arguments: Sequence[object]) -> list[str]:
    if not arguments:
        state = ls.state
        if state.previous is None or state.dump_path is None:
            raise PmatError("there is no previous dump", "Name two, or load another one first.")
        return [str(state.previous), str(state.dump_path)]
    paths = [_path(argument, ls.state.folders) for argument in arguments]
    if len(paths) != 2 or None in paths:
        raise PmatError("expected the paths or the URIs of two heap dumps")
    return [str(path) for path in paths]


def _path(argument: object, folders: tuple[Path, ...]) -> Path | None:
    if isinstance(argument, Mapping):
        argument = next((argument[key] for key in ("uri", "fsPath", "path") if argument.get(key)), None)
    if not isinstance(argument, str) or not argument:
        return None
    return named_dump(argument, folders)
