"""Changes in folders, told as they happen by `watchfiles`."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RECURSIVE = sys.platform != "linux"
"""Whether folders are watched with all that is below them: on Linux each one costs the same, so that only those are
watched in which something is looked for; elsewhere a whole tree costs no more than one."""
_STEP_MS = 250
_DEBOUNCE_MS = 1000
_POLL_MS = 2000
"""Where the system tells nothing (WSL; WATCHFILES_FORCE_POLLING=1 for network file systems), look that often."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Files and folders that were written (False), or came or went (True)."""

    paths: dict[Path, bool]


@dataclass(frozen=True, slots=True)
class Unwatchable:
    """Folders that cannot be watched, and why."""

    reason: str


Signal = Changes | Unwatchable | None
"""What the follower of the disk hears; None: what is to be watched has changed."""


class FolderWatch:
    """A thread that tells what changes in folders until it is stopped; it begins with no changes when it is ready."""

    def __init__(self, folders: Sequence[Path], signals: asyncio.Queue[Signal]) -> None:
        self._folders = folders
        self._signals = signals
        self._loop = asyncio.get_running_loop()
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="pmat-watch", daemon=True).start()

    def stop(self) -> None:
        """Tell nothing more."""
        self._stopped.set()

    def _run(self) -> None:
        try:
            self._watch()
        except ImportError:
            self._tell(Unwatchable("the package watchfiles is not installed"))
        except (OSError, RuntimeError) as error:
            # A folder that has just vanished, or more of them than the system watches for one user.
            self._tell(Unwatchable(str(error)))

    def _watch(self) -> None:
        # Here, since there may be none for this platform.
        from watchfiles import Change, watch

        told = watch(
            *self._folders,
            watch_filter=None,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            stop_event=self._stopped,
            rust_timeout=_DEBOUNCE_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            poll_delay_ms=_POLL_MS,
            recursive=RECURSIVE,
            ignore_permission_denied=True,
        )
        ready = False
        for changes in told:
            if changes or not ready:
                ready = True
                self._tell(Changes({Path(path): change is not Change.modified for change, path in changes}))

    def _tell(self, signal: Signal) -> None:
        if self._stopped.is_set():
            return
        try:
            self._loop.call_soon_threadsafe(self._signals.put_nowait, signal)
        except RuntimeError:
            # The loop was closed: the server has left.
            self._stopped.set()
