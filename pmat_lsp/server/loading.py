"""Opens a dump beside the event loop, says how it goes, and shows what was found."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Progress as HeapProgress
from pmat_lsp.render.escape import visible
from pmat_lsp.server.changes import front_again, set_front
from pmat_lsp.server.dumps import stamp_of
from pmat_lsp.server.language_server import PmatServer
from pmat_lsp.server.messages import loaded_message
from pmat_lsp.server.preparing import prepare
from pmat_lsp.server.progress import Cancelled, Progress
from pmat_lsp.server.publishing import refresh
from pmat_lsp.server.redraw import ask_again
from pmat_lsp.server.threads import in_daemon_thread
from pmat_lsp.session import Dump, Settings, open_dump

_logger = logging.getLogger(__name__)


async def load_dump(ls: PmatServer, path: Path) -> bool:
    """Open the dump at `path` in place of the one that is open, and of one that is being loaded.

    Returns whether it is open now. A dump that cannot be read is told to the user; the one before stays open.
    """
    state = ls.state
    if state.loading is not None:
        state.loading.cancel()
    state.watch.tried[path] = stamp_of(path)
    task = asyncio.create_task(_load(ls, path, state.settings.session(state.folders)))
    state.loading = task
    await asyncio.wait({task})
    return not task.cancelled() and task.result()


async def _load(ls: PmatServer, path: Path, settings: Settings) -> bool:
    name = visible(path.name)
    given_up = threading.Event()
    async with Progress(ls, f"Heap dump {name}") as progress:
        try:
            set_front(ls, "loading", path, f"{name} is being read")
            progress.report("reading the heap, looking for leaks")
            work = partial(_proven, path, settings, progress.from_thread(), given_up.is_set)
            dump = await progress.or_cancelled(in_daemon_thread(work))
            progress.report("finding the source lines")
            await _show(ls, dump)
            return True
        except Cancelled:
            front_again(ls)
            ls.log(types.MessageType.Info, f"{name}: loading was cancelled")
        except PmatError as error:
            set_front(ls, "failed", path, error.message)
            _tell(ls, f"{error.message}\n{error.hint}" if error.hint else error.message)
        except Exception as error:
            _logger.exception("loading %s failed", path)
            set_front(ls, "failed", path, f"{path}: cannot be read because of a fault in pmat-lsp")
            _tell(ls, f"{path}: cannot be read because of a fault in pmat-lsp: {type(error).__name__}: {error}")
        finally:
            given_up.set()
        return False


def _proven(path: Path, settings: Settings, progress: HeapProgress, cancelled: Callable[[], bool]) -> Dump:
    dump = open_dump(path, settings, progress, cancelled)
    dump.prove(progress)
    return dump


async def _show(ls: PmatServer, dump: Dump) -> None:
    ls.state.install(dump)
    outcome = await refresh(ls)
    if ls.state.is_open(dump):
        set_front(ls, "ready", dump.path, loaded_message(dump.path, dump.leaks.report))
        ask_again(ls)
        ls.state.start(prepare(ls))
    for line in outcome.summary if outcome else ():
        ls.log(types.MessageType.Info, line)


def _tell(ls: PmatServer, message: str) -> None:
    ls.tell(types.MessageType.Error, message_lines(message))


def message_lines(message: str) -> str:
    """A message of some lines, each safe to show."""
    return "\n".join(visible(line, 1000) for line in message.split("\n"))
