"""`pmat-lsp` with a fault in the reader of a dump: `python -m tests.running.faulty ARGUMENTS…`.

The environment variable PMAT_FAULT, in JSON, names the stage, a marker file and the fault. The marker is created when
the fault happens, so that it happens once.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pmat_lsp.cli.main import main
from pmat_lsp.heap import indexer
from pmat_lsp.heap.cache import Cache
from pmat_lsp.heap.progress import Progress, no_progress

VARIABLE = "PMAT_FAULT"
STAGES = ("begun", "reading", "linking", "replacing", "written")
"""In order: the child has its task, reads records, sorts references, has completed the index, and has reported it."""


def fault(stage: str, marker: Path, *what: str) -> dict[str, str]:
    """The environment variables that make a fault happen.

    Args:
        stage: one of `STAGES`.
        marker: the file that is created when the fault happens.
        what: `kill` or `stop`, which are about the reader; `kill-parent`; `copy` a file to a place, `shorten` one.
    """
    return {VARIABLE: json.dumps([stage, str(marker), *what])}


def _happen(what: Sequence[str]) -> None:
    match what:
        case ["kill"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["stop"]:
            os.kill(os.getpid(), signal.SIGSTOP)
        case ["kill-parent"]:
            os.kill(os.getppid(), signal.SIGKILL)
            # The reader must leave by itself.
            time.sleep(600)
        case ["copy", source, place]:
            shutil.copyfile(source, place)
        case ["shorten", place]:
            os.truncate(place, os.path.getsize(place) // 2)
        case _:
            raise ValueError(what)


def _arm() -> None:
    at, marker, *what = json.loads(os.environ[VARIABLE])
    tell, build, replace = indexer._tell, indexer.build, os.replace

    def reached(stage: str) -> None:
        if stage == at:
            try:
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
            _happen(what)

    def telling(message: dict[str, object]) -> None:
        tell(message)
        reached("written" if "ok" in message else str(message.get("stage")))

    def building(
        dump: Path, cache: Cache, unfinished: str, progress: Progress = no_progress, largest: int | None = None
    ) -> None:
        reached("begun")
        build(dump, cache, unfinished, progress, largest)

    def replacing(old: Path, new: Path) -> None:
        reached("replacing")
        replace(old, new)

    indexer._tell, indexer.build = telling, building
    # In this module only: other modules replace files, too.
    indexer.os = _Os(replacing)  # type: ignore[assignment,attr-defined]


class _Os:
    """`os`, but for one function."""

    def __init__(self, replace: object) -> None:
        self.replace = replace

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


if __name__ == "__main__":
    if VARIABLE in os.environ:
        _arm()
    sys.exit(main())
