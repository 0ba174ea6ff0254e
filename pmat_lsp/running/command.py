"""Runs a command in a process group of its own: in a limited time, its output in files, and nothing of it is left."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pmat_lsp.errors import PmatError
from pmat_lsp.heap import memory
from pmat_lsp.heap.progress import Cancelled

_LOOK_EVERY = 0.05
"""Seconds between two looks at whether the command has ended, and whether the user has cancelled."""
_GRACE = 2.0
"""Seconds that processes have to end by themselves: after the command has, or after they were asked to."""
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int | None
    """Its exit status, as a shell tells it: 128 and the number of the signal that ended it. None: it took too long."""
    left_running: bool
    """Whether processes that it had started were still running after it, and were ended."""


def run_command(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    stdout: Path,
    stderr: Path,
    timeout: float,
    cancelled: Callable[[], bool],
) -> Ended:
    """Run `command` in `folder`, without input, and wait until it ends.

    Whatever happens, no process of its group is left. A process that leaves the group, as a daemon does, is not ended.

    Args:
        command: the program and its arguments; no shell reads them.
        folder: where it starts.
        environment: all of it.
        stdout: the file for what it prints; made anew.
        stderr: the same for its messages.
        timeout: seconds that it may take.
        cancelled: asked again and again whether to give up.

    Raises:
        PmatError: there is no such program, or it cannot be run.
        Cancelled: `cancelled` said so.
    """
    with stdout.open("wb") as out, stderr.open("wb") as err:
        try:
            child = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PmatError(f"{command[0]}: cannot be run: {reason}", "Name a command as you type it.") from error
        memory.release(child.pid)
        with child:
            try:
                return _followed(child, out, err, time.monotonic() + timeout, cancelled)
            finally:
                _end_group(child)


def _followed(
    child: subprocess.Popen[bytes], out: IO[bytes], err: IO[bytes], deadline: float, cancelled: Callable[[], bool]
) -> Ended:
    """Copy what the command prints until it has ended, and for a moment what processes print that it left behind."""
    assert child.stdout
    assert child.stderr
    end_of_grace: float | None = None
    with selectors.DefaultSelector() as streams:
        for stream, file in ((child.stdout, out), (child.stderr, err)):
            os.set_blocking(stream.fileno(), False)
            streams.register(stream, selectors.EVENT_READ, file)
        while True:
            if cancelled():
                raise Cancelled
            _copy_ready(streams)
            now = time.monotonic()
            if child.poll() is None:
                if now > deadline:
                    return Ended(None, False)
                continue
            end_of_grace = end_of_grace or now + _GRACE
            if not streams.get_map() and not _has_members(child.pid):
                return Ended(_shell_status(child.returncode), False)
            if now > end_of_grace:
                return Ended(_shell_status(child.returncode), _has_members(child.pid))


def _copy_ready(streams: selectors.BaseSelector) -> None:
    """What can be read now, or soon."""
    if not streams.get_map():
        time.sleep(_LOOK_EVERY)
    for key, _ in streams.select(_LOOK_EVERY) if streams.get_map() else ():
        data = key.fileobj.read(_CHUNK)  # type: ignore[union-attr]
        if data:
            key.data.write(data)
        elif data == b"":
            streams.unregister(key.fileobj)


def _shell_status(returncode: int) -> int:
    return returncode if returncode >= 0 else 128 - returncode


def _has_members(group: int) -> bool:
    """Whether a process of the group runs."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    # Where nobody waits for orphans, as in many containers, they stay as zombies when they have ended.
    states = list(_states(group))
    return not states or any(state not in "ZX" for state in states)


def _states(group: int) -> Iterator[str]:
    """The states of the processes of a group, where the system tells them."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            state, _parent, of_group, *_ = path.read_text(errors="replace").rpartition(")")[2].split()
            if int(of_group) == group:
                yield state


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """Ask all processes of the group to end, and after a moment make them."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None and not _has_members(child.pid):
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        end = time.monotonic() + _GRACE
        while time.monotonic() < end and (child.poll() is None or _has_members(child.pid)):
            time.sleep(_LOOK_EVERY / 5)
