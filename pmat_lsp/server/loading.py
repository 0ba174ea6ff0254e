"""Opens a dump beside the event loop, says how it goes, and shows what was found."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.errors import DumpError, PmatError
from pmat_lsp.heap import memory
from pmat_lsp.heap.progress import Progress as HeapProgress
from pmat_lsp.render.escape import visible
from pmat_lsp.server.changes import front_again, set_front
from pmat_lsp.server.dumps import Stamp, stamp_of
from pmat_lsp.server.language_server import PmatServer
from pmat_lsp.server.messages import loaded_message
from pmat_lsp.server.preparing import prepare
from pmat_lsp.server.progress import Cancelled, Progress
from pmat_lsp.server.publishing import refresh
from pmat_lsp.server.redraw import ask_again
from pmat_lsp.server.state import Loading
from pmat_lsp.server.threads import in_daemon_thread
from pmat_lsp.session import Dump, Settings, open_dump

SETTLE_SECONDS = 0.5
"""A dump that has not changed for so long is taken for whole."""
_logger = logging.getLogger(__name__)


async def load_dump(ls: PmatServer, path: Path, *, anew: bool = False) -> bool:
    """Put the dump at `path` in front, in place of one that is being loaded; the one before stays open.

    A dump that is open and was not written since is not read again, unless `anew`; one that is being loaded already is
    waited for. Returns whether it is in front now. A dump that cannot be read is told to the user.
    """
    state, stamp = ls.state, stamp_of(path)
    loading = state.loading
    if loading is not None and not loading.task.done():
        if (loading.path, loading.stamp) == (path, stamp):
            return await _outcome(loading.task)
        loading.task.cancel()
        # It was not tried to its end: where the other one cannot be read, this one is wanted again.
        state.watch.tried.pop(loading.path, None)
    state.watch.tried[path] = stamp
    opened = state.dumps.get(path)
    if opened is not None and not anew and stamp in (None, opened.stamp):
        state.bring_to_front(opened)
        await show_front(ls)
        return True
    task = asyncio.create_task(_load(ls, path, stamp))
    state.loading = Loading(path, stamp, task)
    return await _outcome(task)


async def _outcome(task: asyncio.Task[bool]) -> bool:
    """Of a loading; whoever waits for it may be cancelled without ending it."""
    await asyncio.wait({task})
    return not task.cancelled() and task.result()


async def _load(ls: PmatServer, path: Path, stamp: Stamp | None) -> bool:
    name = visible(path.name)
    given_up = threading.Event()
    try:
        async with Progress(ls, f"Heap dump {name}") as progress:
            set_front(ls, "loading", path, f"{name} is being read")
            progress.report("reading the heap, looking for leaks")
            dump, stamp = await _whole(ls, path, stamp, progress, given_up.is_set)
            progress.report("finding the source lines")
            ls.state.install(dump, stamp)
            # It is in front now, and is shown even where another one is asked for meanwhile: that one may be broken.
            await asyncio.shield(ls.state.start(show_front(ls)))
        return True
    # What is told comes behind the end of the progress, with which Helix wipes its line of messages.
    except Cancelled:
        front_again(ls)
        ls.log(types.MessageType.Info, f"{name}: loading was cancelled")
    except PmatError as error:
        _failed(ls, path, error)
    except Exception as error:
        if short := memory.shortage("loading it", error):
            _failed(ls, path, short)
            return False
        _logger.exception("loading %s failed", path)
        set_front(ls, "failed", path, f"{path}: cannot be read because of a fault in pmat-lsp")
        _tell(ls, f"{path}: cannot be read because of a fault in pmat-lsp: {type(error).__name__}: {error}")
    finally:
        given_up.set()
    return False


def _failed(ls: PmatServer, path: Path, error: PmatError) -> None:
    # Only what is wrong with the file names it by itself.
    message = error.message if isinstance(error, DumpError) else f"{path}: {error.message}"
    _tell(ls, f"{message}\n{error.hint}" if error.hint else message)
    set_front(ls, "failed", path, message)


async def _whole(
    ls: PmatServer, path: Path, stamp: Stamp | None, progress: Progress, given_up: Callable[[], bool]
) -> tuple[Dump, Stamp | None]:
    """The dump, and how the file was then; one that is written while it is read is read again when it is whole."""
    settings = ls.state.settings.session(ls.state.folders)
    while True:
        work = partial(_read, path, settings, progress.from_thread(), given_up)
        try:
            return await progress.or_cancelled(in_daemon_thread(work)), stamp
        except DumpError:
            if stamp_of(path) in (None, stamp):
                raise
        progress.report("waiting until it is written")
        stamp = ls.state.watch.tried[path] = await progress.or_cancelled(settled(path))


async def settled(path: Path) -> Stamp | None:
    """How a file is, when it has not changed for a while."""
    stamp = stamp_of(path)
    while True:
        await asyncio.sleep(SETTLE_SECONDS)
        before, stamp = stamp, stamp_of(path)
        if stamp == before:
            return stamp


def _read(path: Path, settings: Settings, progress: HeapProgress, cancelled: Callable[[], bool]) -> Dump:
    """The dump with what every answer needs, so that none of them waits for that."""
    dump = open_dump(path, settings, progress, cancelled, in_background=True)
    memory.hold_to_groups()
    dump.prove(progress)
    try:
        dump.retained(progress)
    except memory.NotEnoughMemory as error:
        # Only what asks for it goes without.
        _logger.warning("%s: %s", path, error.message)
    memory.give_back()
    return dump


async def show_front(ls: PmatServer) -> None:
    """Show what the dump in front tells, and log how it was understood."""
    opened = ls.state.dumps.front
    if opened is None:
        return
    outcome = await refresh(ls)
    loading = ls.state.loading
    if loading is not None and loading.path != opened.dump.path:
        # Another one was asked for meanwhile. Clients hear of this one only if that one cannot be read.
        await asyncio.wait({loading.task})
    if ls.state.is_front(opened):
        set_front(ls, "ready", opened.dump.path, loaded_message(opened.dump.path, opened.dump.leaks.report))
        ask_again(ls)
        ls.state.start(prepare(ls))
    for line in outcome.summary if outcome else ():
        ls.log(types.MessageType.Info, line)
    if outcome and outcome.warning and outcome.warning not in ls.state.warned:
        ls.state.warned.add(outcome.warning)
        ls.tell(types.MessageType.Warning, outcome.warning)


def _tell(ls: PmatServer, message: str) -> None:
    ls.tell(types.MessageType.Error, message_lines(message))


def message_lines(message: str) -> str:
    """A message of some lines, each safe to show."""
    return "\n".join(visible(line, 1000) for line in message.split("\n"))
