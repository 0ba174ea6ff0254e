"""Locks on files that are being written: the system takes them off when their process ends, however it ends."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

_A_DAY = 86_400
"""Seconds after which a file that nobody finished is taken for abandoned where there are no such locks."""


def lock(file: BinaryIO) -> None:
    """Mark a file as being written, until it is closed."""
    if sys.platform != "win32":
        # Some network file systems have no locks: then a file is taken for abandoned too early, and written again.
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(path: Path) -> bool:
    """Whether a process still writes a file.

    Raises:
        OSError: the file cannot be opened.
    """
    if sys.platform == "win32":
        return path.stat().st_mtime > time.time() - _A_DAY
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
