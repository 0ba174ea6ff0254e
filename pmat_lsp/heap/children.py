"""A child process for one piece of work: forked off this one, or an interpreter of its own.

Forking is faster, since the child has most of its modules already. But only a process that has a single thread can be
forked safely, and on macOS not even that one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn, Protocol

_TASKS = Path("/proc/self/task")
"""An entry for each thread of this process, those of libraries included."""
_MEMORY = Path("/proc/self/statm")
"""Pages of this process: all, those in memory, and of these the ones of files and those that are shared."""
_LARGEST_FORKED = 256 << 20
"""Bytes of its own that this process may have for a child to be forked off: they count as the child's, too."""
_BEHIND_STANDARD = 3
"""The first file descriptor that is none of standard input, output and error."""


class Child(Protocol):
    """A child process. Its standard input is a pipe: when that ends, this process has, and the child follows.

    As a context manager it closes the pipes at the end, and waits for the child. `subprocess.Popen` is one, too.
    """

    @property
    def pid(self) -> int:
        """Its process."""

    @property
    def stdin(self) -> IO[bytes] | None:
        """What it is told."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """What it tells."""

    @property
    def stderr(self) -> IO[bytes] | None:
        """What it complains of."""

    def kill(self) -> None:
        """End it at once."""

    def wait(self) -> int:
        """Its exit status, when it has ended; minus the number of the signal that ended it."""

    def __enter__(self) -> Child: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...


def may_fork() -> bool:
    """Whether a child may be forked off this process."""
    if sys.platform != "linux":
        return False
    try:
        threads = len(os.listdir(_TASKS))
        _, resident, shared, *_ = map(int, _MEMORY.read_text().split())
    except (OSError, ValueError):
        return False
    return threads == 1 and (resident - shared) * os.sysconf("SC_PAGE_SIZE") <= _LARGEST_FORKED


class Forked:
    """A child that goes on from here, and does one work; its standard streams are pipes to this process."""

    def __init__(self, work: Callable[[], int]) -> None:
        """`work` gives the exit status."""
        import signal

        (its_input, alive), (told, its_output), (complaint, its_error) = os.pipe(), os.pipe(), os.pipe()
        # Until the child has its own, it has the handlers of this process.
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.pid = os.fork()
            if not self.pid:
                _do((its_input, its_output, its_error), (alive, told, complaint), work)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        for end in (its_input, its_output, its_error):
            os.close(end)
        self.stdin: IO[bytes] = os.fdopen(alive, "wb", buffering=0)
        self.stdout: IO[bytes] = os.fdopen(told, "rb")
        self.stderr: IO[bytes] = os.fdopen(complaint, "rb")
        self._status: int | None = None

    def kill(self) -> None:
        """End it at once."""
        import signal

        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit status, when it has ended; minus the number of the signal that ended it."""
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._status

    def __enter__(self) -> Forked:
        """As that of `subprocess.Popen`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        """Close the pipes, and wait for the child."""
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()
        self.wait()


def _do(standard: tuple[int, int, int], others: tuple[int, int, int], work: Callable[[], int]) -> NoReturn:
    """What the child does. It ends here, without what this process does at its end.

    Otherwise what this process has printed and not written yet would be written twice.
    """
    status = 1
    try:
        import fcntl
        import signal

        # Who presses Ctrl-C ends the other process, which ends this one, and cleans up.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for end in others:
            os.close(end)
        # Where a standard stream was closed, a pipe may have its number.
        moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _BEHIND_STANDARD) for end in standard]
        for number, end in enumerate(moved):
            os.dup2(end, number)
        for end in {*standard, *moved} - {0, 1, 2}:
            os.close(end)
        status = work()
    except BaseException:
        import traceback

        os.write(2, traceback.format_exc().encode(errors="backslashreplace"))
    finally:
        os._exit(status)
