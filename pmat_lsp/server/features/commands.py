"""The commands that a client runs: to choose the dump, and to open reports about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types

from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.errors import PmatError
from pmat_lsp.server.asking import NOT_OPEN
from pmat_lsp.server.changes import set_front
from pmat_lsp.server.documents import LEAKS, SHOW, Opened, finding_uri, open_document, run_uri, sv_uri
from pmat_lsp.server.dumps import named_dump
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.loading import load_dump, message_lines
from pmat_lsp.server.progress import Cancelled
from pmat_lsp.server.publishing import clear
from pmat_lsp.server.redraw import ask_again
from pmat_lsp.server.watching import load_wanted

LOAD = "pmat.load"
RELOAD = "pmat.reload"
UNLOAD = "pmat.unload"
RUN = "pmat.run"
IDENTIFY = "pmat.identify"
SHOW_CHAIN = "pmat.showChain"
SHOW_LEAKS = "pmat.showLeaks"
COMPARE = "pmat.compare"


def register(ls: PmatServer) -> None:
    """Register the commands."""
    ls.command(LOAD)(load)
    ls.command(RELOAD)(reload)
    ls.command(UNLOAD)(unload)
    ls.command(RUN)(run)
    ls.command(IDENTIFY)(identify)
    ls.command(SHOW)(show)
    ls.command(SHOW_CHAIN)(show_chain)
    ls.command(SHOW_LEAKS)(show_leaks)
    ls.command(COMPARE)(compare)


@guarded
async def load(ls: PmatServer, *arguments: Any) -> bool:
    """Load the dump that the argument names (a path, a URI, or an object with one), and follow it from now on."""
    path = _path(arguments[0] if arguments else None, ls.state.folders)
    if path is None:
        ls.tell(types.MessageType.Error, f"{LOAD}: expected the path or the URI of a heap dump")
        return False
    ls.state.watch.paused = False
    if await load_dump(ls, path):
        ls.state.watch.chosen = path
        return True
    return False


@guarded
async def reload(ls: PmatServer, *_arguments: Any) -> bool:
    """Load the dump again that is to be open."""
    ls.state.watch.paused = False
    return await load_wanted(ls)


@guarded
async def unload(ls: PmatServer, *_arguments: Any) -> bool:
    """Close the dump and clear its diagnostics; none is loaded until one is asked for."""
    state = ls.state
    state.watch.paused = True
    state.watch.chosen = None
    if state.loading is not None:
        state.loading.cancel()
    state.install(None)
    clear(ls)
    ask_again(ls)
    set_front(ls, "none", None, *NOT_OPEN[:1])
    return True


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
    findings = await ls.state.ask(lambda opened: opened.dump.leaks.report.findings)
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
