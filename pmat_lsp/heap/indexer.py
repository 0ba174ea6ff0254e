"""The child process that reads a dump and writes its index: forked, or `python -m pmat_lsp.heap.indexer`.

It reports on standard output, in a JSON object a line, how far it is (`{"stage", "done", "total"}`), and at last
`{"ok": true}`, `{"error", "offset", "hint"}`, `{"unwritable"}` where the cache cannot be written, or `{"fault"}`, an
error of its own. Whoever started it ends it by killing it, and then removes what it has begun: files with the suffix
that it was given; or by closing its standard input.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from pmat_lsp.errors import DumpError, PmatError, system_error_text, unreadable
from pmat_lsp.format.container import is_compressed, map_dump
from pmat_lsp.heap import locks, memory
from pmat_lsp.heap.cache import Cache, identify
from pmat_lsp.heap.index import Identity
from pmat_lsp.heap.load import write_index
from pmat_lsp.heap.progress import Progress, no_progress

_READING = "reading it"
_STANDARD_OUTPUT = 1
_leaving = threading.Lock()
"""Taken for good once the parent is gone: no further file is opened."""
_LARGEST_SHARE = 8
"""A dump so many times larger than the memory that reading may take cannot be read: it takes a quarter of its size."""


def main(task: list[str]) -> int:
    """Index a dump in this process, which is there for nothing else, and tell how it goes.

    Args:
        task: the dump, the bytes of memory that the process may take (0: what is usual), the suffix of unfinished
            files, how much lower the priority is to be than it is, the folder of the cache.

    Returns:
        The exit status.
    """
    dump, limit, unfinished = Path(task[0]), memory.for_reading(int(task[1])), task[2]
    niceness, cache = int(task[3]), Cache(Path(task[4]))
    threading.Thread(target=_leave_with_parent, args=(cache, unfinished), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(niceness)
    memory.go_first()
    # Nothing here makes cycles, and the process ends soon.
    gc.disable()

    def progress(stage: str, done: int, total: int) -> None:
        memory.check(_READING, limit)
        _tell({"stage": stage, "done": done, "total": total})

    try:
        build(dump, cache, unfinished, progress, limit.size * _LARGEST_SHARE)
    except PmatError as error:
        return _fail(dump, error)
    except (MemoryError, OSError, RuntimeError) as error:
        if short := memory.shortage(_READING, error):
            return _fail(dump, short)
        _tell({"unwritable": system_error_text(error)} if isinstance(error, OSError) else {"fault": _fault(error)})
        return 2
    except Exception as error:
        _tell({"fault": _fault(error)})
        return 2
    _tell({"ok": True})
    return 0


def _fault(error: Exception) -> str:
    """`IndexError: … (load.py:212)`."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"


def _fail(dump: Path, error: PmatError) -> int:
    if not isinstance(error, DumpError):
        error = DumpError(dump, error.message, hint=error.hint)
    _tell({"error": error.message, "offset": error.offset, "hint": error.hint})
    return 2


def build(
    dump: Path, cache: Cache, unfinished: str, progress: Progress = no_progress, largest: int | None = None
) -> None:
    """Read a dump and put its index (and its unpacked contents, if it is compressed) into a cache.

    Args:
        dump: the file.
        cache: where the index goes.
        unfinished: the suffix of files until they are whole.
        progress: told how far it is.
        largest: bytes that a compressed dump may unpack to; None: what `format.container` allows.

    Raises:
        DumpError: the dump cannot be read, or was overwritten meanwhile.
        OSError: the cache cannot be written.
    """
    identity, packed = _looked_at(dump)
    index = cache.index_of(identity)
    cache.make()
    with ExitStack() as files:
        unpacked = files.enter_context(_written(cache.unpacked(index), unfinished)) if packed else None
        data = map_dump(dump, unpacked, largest)
        write_index(dump, data, files.enter_context(_written(index, unfinished)), identity, progress)
        if _looked_at(dump)[0] != identity:
            # The index may be made of both versions.
            raise DumpError(dump, "it was overwritten while it was read")
    cache.evict(keep=index)


def _looked_at(dump: Path) -> tuple[Identity, bool]:
    """The identity of a dump as it is now, and whether it is compressed.

    Raises:
        DumpError: it cannot be read.
    """
    try:
        return identify(dump), is_compressed(dump)
    except OSError as error:
        raise unreadable(dump, error) from error


@contextmanager
def _written(path: Path, unfinished: str) -> Iterator[BinaryIO]:
    """A file that is there whole or not at all: others may be reading it, or writing it too."""
    temporary = path.with_name(path.name + unfinished)
    try:
        with _leaving:
            opened = open(temporary, "w+b", opener=_for_nobody_else)  # noqa: SIM115 (it is closed right below)
        with opened as file:
            locks.lock(file)
            yield file
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _for_nobody_else(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _tell(message: dict[str, object]) -> None:
    # Not by sys.stdout: in a forked child that has what the other process has not written yet.
    os.write(_STANDARD_OUTPUT, json.dumps(message).encode() + b"\n")


def _leave_with_parent(cache: Cache, unfinished: str) -> None:
    """End with the process that started this one, whatever ended it."""
    # Not by sys.stdin: a thread that waits in it keeps Python from ending.
    while os.read(0, 1):
        pass
    _leaving.acquire()
    cache.remove_unfinished(unfinished)
    cache.remove_temporary()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
