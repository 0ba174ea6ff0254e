"""The child process that reads a dump and writes its index: `python -m pmat_lsp.heap.indexer`.

It tells on standard output, a JSON object a line, how far it is (`{"stage", "done", "total"}`), and at last either
`{"ok": true}` or `{"error", "offset", "hint"}`. Whoever started it ends it by killing it, or by closing its
standard input.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pmat_lsp.errors import DumpError, PmatError
from pmat_lsp.format.container import is_compressed, map_dump
from pmat_lsp.heap.cache import Cache, identify
from pmat_lsp.heap.index import write_index
from pmat_lsp.heap.load import load
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.units import format_bytes

if sys.platform != "win32":
    import resource


def main(arguments: list[str]) -> int:
    """Index the dump `arguments[0]` with at most `arguments[1]` bytes of memory; returns the exit status."""
    dump, limit = Path(arguments[0]), int(arguments[1])

    def progress(stage: str, done: int, total: int) -> None:
        _check_memory(dump, limit)
        _tell({"stage": stage, "done": done, "total": total})

    try:
        build(dump, Cache.of_user(), progress)
    except PmatError as error:
        return _fail(error)
    except MemoryError:
        return _fail(_too_large(dump, limit))
    except OSError as error:
        return _fail(DumpError(dump, f"its index cannot be written: {error}"))
    _tell({"ok": True})
    return 0


def _fail(error: PmatError) -> int:
    offset = error.offset if isinstance(error, DumpError) else None
    _tell({"error": error.message, "offset": offset, "hint": error.hint})
    return 2


def build(dump: Path, cache: Cache, progress: Progress = no_progress) -> None:
    """Read a dump and put its index (and its unpacked contents, if it is compressed) into a cache."""
    identity = identify(dump)
    heap = load(dump, progress, map_dump)
    index = cache.index_of(identity)
    cache.folder.mkdir(parents=True, exist_ok=True)
    progress("writing", 0, 1)
    if is_compressed(dump):
        _write(cache.unpacked(index), lambda file: file.write(bytes(heap.data[:])))
    _write(index, lambda file: write_index(heap, identity, file))
    cache.evict(keep=index)


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file whole or not at all: others may be reading it, or writing it too."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _tell(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _check_memory(dump: Path, limit: int) -> None:
    if sys.platform == "win32":
        return
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit > limit:
        raise _too_large(dump, limit)


def _too_large(dump: Path, limit: int) -> DumpError:
    problem = f"reading it takes more than the {format_bytes(limit)} of memory that are allowed"
    return DumpError(dump, problem, hint="Allow more with --memory-limit (in an editor: the setting pmat.memoryLimit).")


def _leave_with_parent() -> None:
    """End with the process that started this one, whatever ended it."""
    # Not by sys.stdin: a thread that waits in it keeps Python from ending.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
