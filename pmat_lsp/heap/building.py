"""The child process that builds an index, seen from its parent: started, listened to, ended, judged."""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from pmat_lsp.errors import DumpError
from pmat_lsp.heap import cgroups, memory
from pmat_lsp.heap.cache import Cache
from pmat_lsp.heap.progress import Cancelled, Progress

logger = logging.getLogger(__name__)

_PACKAGES = Path(__file__).parent.parent.parent
"""The folder that pmat_lsp is imported from."""
_BACKGROUND_NICENESS = 10
"""An editor that somebody types in goes first, and so does what else a machine in trouble has to do."""
_PATIENCE = 0.05
"""Seconds between two looks at whether the user has cancelled."""


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
    arguments = [os.fspath(dump.absolute()), str(limit or 0), unfinished, str(niceness)]
    command = [sys.executable, "-m", "pmat_lsp.heap.indexer", *arguments]
    environment = {**os.environ, "PMAT_LSP_CACHE": os.fspath(cache.folder.absolute())}
    kills = cgroups.kills()
    with subprocess.Popen(
        command,
        # Never written to: when it ends, this process has, and the child follows.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        # Python imports from the folder that it is started in: never from the user's, which may hold a numpy.py.
        cwd=_PACKAGES,
    ) as child:
        try:
            told = _listen(child, progress, cancelled)
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            cache.remove_unfinished(unfinished)
        complaint = child.stderr.read() if child.stderr else b""
    _judge(dump, told, child.returncode, complaint, kills)


def _listen(child: subprocess.Popen[bytes], progress: Progress, cancelled: Callable[[], bool]) -> dict[str, object]:
    """Pass on how far the child is; returns its last word ({} if it died without one)."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(child.stdout, lines), daemon=True).start()
    last: dict[str, object] = {}
    while True:
        if cancelled():
            raise Cancelled
        try:
            line = lines.get(timeout=_PATIENCE)
        except queue.Empty:
            continue
        if not line:
            child.wait()
            return last
        told = json.loads(line)
        if "stage" in told:
            progress(told["stage"], told["done"], told["total"])
        else:
            last = told


def _read_lines(stream: IO[bytes] | None, lines: queue.SimpleQueue[bytes]) -> None:
    """Everything that the child says, and at its end b""."""
    for line in stream or ():
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
    if "error" in told:
        offset = told["offset"]
        problem = str(told["error"]).removeprefix(f"{dump.absolute()}: ")
        raise DumpError(dump, problem, offset=offset if isinstance(offset, int) else None, hint=str(told["hint"]))
    logger.error("the reader of %s ended with status %s: %s", dump, status, complaint.decode(errors="replace"))
    if short := memory.why_killed("reading it", kills, complaint):
        raise DumpError(dump, short.message, hint=short.hint)
    hint = "It may have been killed for want of memory. Try again; the log says more."
    raise DumpError(dump, f"the process that reads it has ended with status {status}", hint=hint)
