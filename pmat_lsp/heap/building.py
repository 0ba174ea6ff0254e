"""The child process that builds an index, seen from its parent: started, listened to, ended, judged."""

from __future__ import annotations

import io
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from pmat_lsp.errors import DumpError
from pmat_lsp.heap import cgroups, memory
from pmat_lsp.heap.cache import Cache
from pmat_lsp.heap.children import Child, Forked, may_fork
from pmat_lsp.heap.progress import Cancelled, Progress, never

logger = logging.getLogger(__name__)

_PACKAGES = Path(__file__).parent.parent.parent
"""The folder that pmat_lsp is imported from."""
_BACKGROUND_NICENESS = 10
"""An editor that somebody types in goes first, and so does what else a machine in trouble has to do."""
_PATIENCE = 0.05
"""Seconds between two looks at whether the user has cancelled."""

_standing_by: list[Forked] = []
"""At most one child."""
_reading: dict[Child, tuple[Cache, str]] = {}
"""For each child that reads a dump: the cache that it writes to, and the suffix of its unfinished files."""


class CacheUnwritable(Exception):
    """The folder of the indexes cannot be written, or its disk is full; the message says why."""


def build_index(
    dump: Path, limit: int | None, cache: Cache, progress: Progress, cancelled: Callable[[], bool], in_background: bool
) -> None:
    """Run the child until it has written the index.

    Args:
        dump: the file, compressed or not.
        limit: bytes that the child may take; None: what is usual, see `memory.for_reading`.
        cache: where the index goes.
        progress: told how far the child is.
        cancelled: asked again and again whether to give up.
        in_background: the child runs at low priority.

    Raises:
        DumpError: the child says so, or it died.
        CacheUnwritable: the child says so.
        Cancelled: the user said so.
    """
    unfinished = f".{os.urandom(8).hex()}.tmp"
    niceness = _BACKGROUND_NICENESS if in_background else 0
    kills = cgroups.kills()
    with _started(task_of(dump, limit, unfinished, niceness, cache)) as child:
        memory.release(child.pid)
        _reading[child] = cache, unfinished
        try:
            told = _listen(child, progress, cancelled)
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            del _reading[child]
            cache.remove_unfinished(unfinished)
        complaint = child.stderr.read() if child.stderr else b""
        status = child.wait()
    _judge(dump, told, status, complaint, kills)


def task_of(dump: Path, limit: int | None, unfinished: str, niceness: int, cache: Cache) -> list[str]:
    """What the child is to do, as `pmat_lsp.heap.indexer.main` takes it."""
    return [
        os.fspath(dump.absolute()),
        str(limit or 0),
        unfinished,
        str(niceness),
        os.fspath(cache.folder.absolute()),
    ]


def stand_by() -> None:
    """Fork a child now that waits for the first dump, where this process will not be able to fork one then.

    It imports what it needs in the meantime.
    """
    # A machine that has no room for it has none for the dump either, and says so then.
    with suppress(OSError):
        if may_fork():
            _standing_by.append(Forked(_work_when_told))


def stand_down() -> None:
    """End the child that stands by, if it has nothing to do yet."""
    while _standing_by:
        with _standing_by.pop() as child:
            child.kill()


def end_all() -> None:
    """Kill every child and remove its unfinished files, because this process exits.

    The threads that wait for the children may not run again.
    """
    stand_down()
    for child, (cache, unfinished) in tuple(_reading.items()):
        child.kill()
        # Wait for its end only: its status belongs to the thread that started it.
        if hasattr(os, "waitid"):
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        cache.remove_unfinished(unfinished)
        cache.remove_temporary()


def _work_when_told() -> int:
    from pmat_lsp.heap.indexer import main

    with open(0, "rb", buffering=0, closefd=False) as told:
        line = told.readline()
    return main(json.loads(line)) if line else 0


def _started(task: list[str]) -> Child:
    while _standing_by:
        child = _standing_by.pop()
        try:
            child.stdin.write(json.dumps(task).encode() + b"\n")
        except OSError:
            # It was ended by somebody else.
            with child:
                continue
        return child
    return _forked(task) if may_fork() else _spawned(task)


def _forked(task: list[str]) -> Child:
    def work() -> int:
        # Here, since this process needs none of it.
        from pmat_lsp.heap.indexer import main

        return main(task)

    return Forked(work)


def _spawned(task: list[str]) -> Child:
    # Here, since a process that may be forked does without.
    import subprocess

    return subprocess.Popen(
        [sys.executable, "-m", "pmat_lsp.heap.indexer", *task],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Python imports from the folder that it is started in: never from the user's, which may hold a numpy.py.
        cwd=_PACKAGES,
    )


def _listen(child: Child, progress: Progress, cancelled: Callable[[], bool]) -> dict[str, object]:
    """Pass on how far the child is; returns its last word ({} if it died without one)."""
    stream = child.stdout or io.BytesIO()
    last: dict[str, object] = {}
    # Without a thread where nobody cancels: the next child can be forked off then, too.
    for line in stream if cancelled is never else _lines_until_cancelled(stream, cancelled):
        told = json.loads(line)
        if "stage" in told:
            progress(told["stage"], told["done"], told["total"])
        else:
            last = told
    return last


def _lines_until_cancelled(stream: IO[bytes], cancelled: Callable[[], bool]) -> Iterator[bytes]:
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(stream, lines), daemon=True).start()
    while True:
        if cancelled():
            raise Cancelled
        try:
            line = lines.get(timeout=_PATIENCE)
        except queue.Empty:
            continue
        if not line:
            return
        yield line


def _read_lines(stream: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    """Everything that the child says, and at its end b""."""
    for line in stream:
        lines.put(line)
    lines.put(b"")


def _judge(dump: Path, told: dict[str, object], status: int | None, complaint: bytes, kills: int) -> None:
    """Raise what the child complained of; `kills` is `cgroups.kills()` from before it was started.

    Raises:
        DumpError: the dump cannot be read, or the child died.
        CacheUnwritable: the child says so.
    """
    if told.get("ok"):
        return
    if "unwritable" in told:
        raise CacheUnwritable(told["unwritable"])
    if "fault" in told:
        problem = f"pmat-lsp failed while it was reading this dump: {told['fault']}"
        raise DumpError(dump, problem, hint="This is a fault of pmat-lsp, not of the dump. Please report it.")
    if "error" in told:
        offset = told["offset"]
        problem = str(told["error"]).removeprefix(f"{dump.absolute()}: ")
        raise DumpError(dump, problem, offset=offset if isinstance(offset, int) else None, hint=str(told["hint"]))
    if short := memory.why_killed("reading it", kills, complaint):
        raise DumpError(dump, short.message, hint=short.hint)
    if _is_killed_by_disk(status):
        problem = "the process that reads it was killed: part of the dump or of its index could not be read or written"
        raise DumpError(dump, problem, hint="A disk may be full or broken, or the file may have been cut short.")
    hint = "It may have been killed for want of memory. Try again."
    if complaint:
        logger.error("the reader of %s ended with status %s: %s", dump, status, complaint.decode(errors="replace"))
        hint = "Try again; the log says more."
    raise DumpError(dump, f"the process that reads it has ended with status {status}", hint=hint)


def _is_killed_by_disk(status: int | None) -> bool:
    """Whether a process was killed because part of a mapped file was missing."""
    # Not at the top: it is hardly ever needed.
    import signal

    return sys.platform != "win32" and status == -signal.SIGBUS
