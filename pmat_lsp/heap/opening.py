"""Opening a dump: its index is mapped if there is a valid one, or built first by a child process.

The child can be ended at any moment, and a dump that exhausts or crashes the reader takes nothing with it.
"""

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
from pmat_lsp.format.container import check_file, is_compressed
from pmat_lsp.format.dumpfile import DumpFile
from pmat_lsp.heap.cache import Cache, identify
from pmat_lsp.heap.index import Identity, IndexDamaged, read_index
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress, no_progress

logger = logging.getLogger(__name__)

_PACKAGES = Path(__file__).parent.parent.parent
"""The folder that pmat_lsp is imported from."""
_PATIENCE = 0.05
"""Seconds between two looks at whether the user has cancelled."""


class Cancelled(Exception):
    """The opening of a dump was given up because the user said so."""


def never() -> bool:
    """Nobody cancels."""
    return False


def open_heap(
    dump: Path,
    *,
    progress: Progress = no_progress,
    cancelled: Callable[[], bool] = never,
    memory_limit: int | None = None,
    cache: Cache | None = None,
) -> Heap:
    """The heap of the dump at `dump`.

    Args:
        dump: the file, compressed or not.
        progress: told how far the reading is.
        cancelled: asked again and again whether to give up.
        memory_limit: bytes that reading may take; default: half of the machine's memory.
        cache: where indexes are; default: the user's.

    Raises:
        DumpError: the dump cannot be read, is damaged, or takes too much memory.
        Cancelled: `cancelled` said so; nothing is left behind.
    """
    check_file(dump)
    cache = cache or Cache.of_user()
    limit = memory_limit or _half_of_the_memory()
    try:
        identity = identify(dump)
        heap = _from_index(dump, cache, identity)
        if heap is None:
            _build(dump, limit, cache, progress, cancelled)
            heap = _from_index(dump, cache, identity)
    except OSError as error:
        raise DumpError(dump, f"cannot be read: {error.strerror or error}") from error
    if heap is None:
        # The cache cannot be written, or the dump is being replaced at this moment: read it here and now.
        from pmat_lsp.heap.load import load

        heap = load(dump, progress)
    return heap


def _from_index(dump: Path, cache: Cache, identity: Identity) -> Heap | None:
    index = cache.index_of(identity)
    contents = cache.unpacked(index) if is_compressed(dump) else dump
    try:
        heap = read_index(index, identity, dump, DumpFile(contents))
    except FileNotFoundError:
        return None
    except (IndexDamaged, OSError) as error:
        logger.info("%s: its index %s is built anew: %s", dump, index, error)
        return None
    cache.touch(index, contents) if contents is not dump else cache.touch(index)
    return heap


def _build(dump: Path, limit: int, cache: Cache, progress: Progress, cancelled: Callable[[], bool]) -> None:
    """Run the child until it has written the index.

    Raises:
        DumpError: the child says so, or it died.
        Cancelled: the user said so.
    """
    command = [sys.executable, "-m", "pmat_lsp.heap.indexer", os.fspath(dump.absolute()), str(limit)]
    environment = {**os.environ, "PMAT_LSP_CACHE": os.fspath(cache.folder.absolute())}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
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
            raise
        complaint = child.stderr.read() if child.stderr else b""
    _judge(dump, told, child.returncode, complaint)


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


def _judge(dump: Path, told: dict[str, object], status: int | None, complaint: bytes) -> None:
    """Raise what the child complained of.

    Raises:
        DumpError: the dump cannot be read, or the child died.
    """
    if told.get("ok"):
        return
    if "error" in told:
        offset = told["offset"]
        problem = str(told["error"]).removeprefix(f"{dump.absolute()}: ")
        raise DumpError(dump, problem, offset=offset if isinstance(offset, int) else None, hint=str(told["hint"]))
    logger.error("the reader of %s ended with status %s: %s", dump, status, complaint.decode(errors="replace"))
    hint = "It may have been killed for want of memory. Try again; the log says more."
    raise DumpError(dump, f"the process that reads it has ended with status {status}", hint=hint)


def _half_of_the_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError, AttributeError):
        return 4 << 30
