"""Opening a dump: its index is mapped if there is a valid one, or built first by a child process.

The child can be ended at any moment, and a dump that exhausts or crashes the reader takes nothing with it.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from pathlib import Path

from pmat_lsp.errors import DumpError, system_error_text, unreadable
from pmat_lsp.format.container import check_file, is_compressed
from pmat_lsp.format.dumpfile import DumpFile
from pmat_lsp.heap import memory
from pmat_lsp.heap.cache import TEMPORARY, Cache, identify
from pmat_lsp.heap.index import Identity, IndexDamaged, read_index
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress, never, no_progress

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
"""How often a dump is read that is replaced meanwhile."""


def open_heap(
    dump: Path,
    *,
    progress: Progress = no_progress,
    cancelled: Callable[[], bool] = never,
    memory_limit: int | None = None,
    cache: Cache | None = None,
    in_background: bool = False,
) -> Heap:
    """The heap of the dump at `dump`.

    Args:
        dump: the file, compressed or not.
        progress: told how far the reading is.
        cancelled: asked again and again whether to give up.
        memory_limit: bytes that reading may take; default: half of the machine's memory. Control groups hold, too.
        cache: where indexes are; default: the user's.
        in_background: a dump is read at low priority, beside somebody who types; default: somebody waits for it.

    Raises:
        DumpError: the dump cannot be read, is damaged, or takes too much memory.
        Cancelled: `cancelled` said so; nothing is left behind.
    """
    check_file(dump)
    cache = cache or Cache.of_user()
    try:
        for _ in range(_ATTEMPTS):
            identity = identify(dump)
            heap = _from_index(dump, cache, identity)
            if heap is None:
                try:
                    heap = _indexed(dump, memory_limit, cache, identity, progress, cancelled, in_background)
                except DumpError:
                    if identify(dump) == identity:
                        raise
            # Values are read from the dump later, so it must still be the one that the index describes.
            if heap is not None and identify(dump) == identity:
                return heap
    except (MemoryError, OSError, RuntimeError) as error:
        if short := memory.shortage("opening it", error):
            raise DumpError(dump, short.message, hint=short.hint) from error
        if not isinstance(error, OSError):
            raise
        raise unreadable(dump, error) from error
    raise DumpError(
        dump, "it was replaced each time while it was read", hint="Wait until it is written, and try again."
    )


def _indexed(
    dump: Path,
    limit: int | None,
    cache: Cache,
    identity: Identity,
    progress: Progress,
    cancelled: Callable[[], bool],
    in_background: bool,
) -> Heap | None:
    """The heap from a new index; None where the dump has changed meanwhile."""
    # Here, since a dump that was opened before needs none of it.
    import tempfile

    from pmat_lsp.heap.building import CacheUnwritable, build_index

    try:
        build_index(dump, limit, cache, progress, cancelled, in_background)
        return _from_index(dump, cache, identity)
    except CacheUnwritable as error:
        unwritable = str(error)
    # A full disk, or a home that is read only, is no reason to leave somebody without an answer. What is mapped and
    # open stays when the folder goes.
    try:
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, ignore_cleanup_errors=True) as folder:
            build_index(dump, limit, Cache(Path(folder)), progress, cancelled, in_background)
            heap = _from_index(dump, Cache(Path(folder)), identity)
    except (CacheUnwritable, OSError) as error:
        hint = "Make room, or name a folder for it in the environment variable PMAT_LSP_CACHE."
        said = system_error_text(error) if isinstance(error, OSError) else error
        raise DumpError(dump, f"its index cannot be written: {said}", hint=hint) from error
    logger.warning("%s: its index cannot be kept: %s", dump, unwritable)
    return heap


def _from_index(dump: Path, cache: Cache, identity: Identity) -> Heap | None:
    index = cache.index_of(identity)
    contents = cache.unpacked(index) if is_compressed(dump) else dump
    try:
        heap = read_index(index, identity, dump, DumpFile(contents))
    except FileNotFoundError:
        return None
    except (IndexDamaged, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            raise
        logger.info("%s: its index %s is built anew: %s", dump, index, error)
        return None
    cache.touch(index, contents) if contents is not dump else cache.touch(index)
    return heap
