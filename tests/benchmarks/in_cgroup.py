"""Runs a command where memory is short: `python -m tests.benchmarks.in_cgroup MIB COMMAND...`.

Makes a control group below this process's own, of either version, in which the command and its children may have so
many MiB; says at the end how much they had at most, and removes it. It needs the right to make groups (root).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.heap import cgroups
from pmat_lsp.units import format_bytes

_ENTER = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
"""For a shell: what it is replaced by is in the group from its first byte on."""
_LONGEST_END = 5.0


class Unable(Exception):
    """This machine does not let this process make a group with a limit; the message says why."""


@dataclass(frozen=True)
class Ended:
    """How a command ended in its group."""

    status: int
    stdout: str
    stderr: str
    peak: int
    """Bytes that all its processes had at most, the page cache included; 0 where the kernel does not tell."""
    kills: int
    """How many of them the kernel has ended because of the limit."""


def run_in(folder: Path, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Ended:
    """Run a command in the group at `folder`, and wait for it."""
    before = _kills(folder)
    done = subprocess.run(
        ["/bin/sh", "-c", _ENTER, str(folder), *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    peaks = (_read(folder / name) for name in ("memory.peak", "memory.max_usage_in_bytes"))
    peak = next((int(peak) for peak in peaks if peak.isdecimal()), 0)
    return Ended(done.returncode, done.stdout, done.stderr, peak, _kills(folder) - before)


@contextmanager
def group_of(limit: int) -> Iterator[Path]:
    """The folder of a new group whose processes may have `limit` bytes; it is gone at the end.

    Raises:
        Unable: it cannot be made.
    """
    folder = _made(limit)
    try:
        yield folder
    finally:
        _remove(folder)


def _made(limit: int) -> Path:
    """A group below the innermost one of this process that lets it bound memory."""
    reason = "no control group of this process bounds memory"
    for _, own in reversed([*cgroups.folders()]):
        folder = own / f"pmat-lsp-{os.getpid()}-{time.monotonic_ns()}"
        try:
            folder.mkdir()
        except OSError as error:
            reason = f"{folder} cannot be made: {error.strerror}"
            continue
        files = [folder / name for name in ("memory.max", "memory.limit_in_bytes")]
        file = next((file for file in files if file.exists()), None)
        if file is not None:
            file.write_text(str(limit))
            _forbid_swap(folder, limit)
            return folder
        reason = f"{own} does not let groups below it bound memory"
        folder.rmdir()
    raise Unable(reason)


def _forbid_swap(folder: Path, limit: int) -> None:
    for name, size in (("memory.swap.max", 0), ("memory.memsw.limit_in_bytes", limit)):
        # Where the kernel has no swap, there is no such file.
        with suppress(OSError):
            (folder / name).write_text(str(size))


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + _LONGEST_END
    while True:
        try:
            folder.rmdir()
            return
        except OSError:
            # A process that has ended is in its group until it is waited for.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _kills(folder: Path) -> int:
    lines = [*_read(folder / "memory.events").splitlines(), *_read(folder / "memory.oom_control").splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def main() -> int:
    """Run the command; returns its exit status."""
    if len(sys.argv) < 3 or not sys.argv[1].isdecimal():
        sys.stderr.write("python -m tests.benchmarks.in_cgroup MIB COMMAND...\n")
        return 2
    try:
        with group_of(int(sys.argv[1]) << 20) as folder:
            began = time.perf_counter()
            ended = run_in(folder, sys.argv[2:])
            seconds = time.perf_counter() - began
    except Unable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(ended.stdout)
    sys.stderr.write(ended.stderr)
    of = f"of {sys.argv[1]} MiB, page cache included; {ended.kills} processes killed"
    sys.stderr.write(f"[{seconds:.2f} s, status {ended.status}, peak {format_bytes(ended.peak)} {of}]\n")
    return ended.status


if __name__ == "__main__":
    sys.exit(main())
