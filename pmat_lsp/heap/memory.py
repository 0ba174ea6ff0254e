"""How much memory this process may use, which limit that is, and how a person is told.

What counts is memory without a file behind it: mapped files are memory too, but the kernel takes them back where it
needs the room. Limits are `--memory-limit` (for reading alone), control groups, `ulimit -v` and `-d`, and the machine.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pmat_lsp.errors import PmatError
from pmat_lsp.format.container import MORE_MEMORY_HINT
from pmat_lsp.heap import cgroups
from pmat_lsp.units import format_bytes

if sys.platform != "win32":
    import resource

_WORTH_ASKING = 32 << 20
"""Bytes: less than that is always there, or the program would not have started."""
_KERNELS_SHARE = 16
"""One part in so many of a group's limit is left for what the kernel keeps for the processes, and for others."""
_RESERVED = 2
"""So many times what is left may be reserved: arrays are not used to their ends."""
_LOOK_EVERY = 0.005
"""Seconds between two looks at what is used, in which some MiB can be; a look takes some 0.00001 s."""


class NotEnoughMemory(PmatError):
    """Something takes more memory than a limit leaves."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on the memory of this process."""

    size: int
    """Bytes that may be used."""
    clause: str
    """Behind "more than the 1.0 GiB that": `are allowed`."""
    hint: str
    """How it is raised."""

    def __str__(self) -> str:
        return f"the {format_bytes(self.size)} that {self.clause}"


def for_reading(setting: int | None, system: Path = Path("/")) -> Limit:
    """What reading a dump may take, this process included: the tightest of a setting and the control groups.

    Without a setting it is half of the machine's memory.
    """
    own = Limit(setting, "are allowed", MORE_MEMORY_HINT) if setting else _half_of_the_machine()
    group = _of_groups(system)
    if group is None:
        return own
    # What this process has already is part of both.
    return min(own, Limit(group.size + anonymous(), group.clause, group.hint), key=lambda limit: limit.size)


def require(doing: str, size: int, system: Path = Path("/")) -> None:
    """Refuse what would end this process, before it begins.

    Args:
        doing: begins a sentence: `finding what leaked`.
        size: bytes that it takes, besides what is used now.
        system: the folder that `proc` and `sys` are in.

    Raises:
        NotEnoughMemory: a limit leaves less.
    """
    if size < _WORTH_ASKING:
        return
    least = min(_left(system), key=lambda limit: limit.size, default=None)
    if least is not None and size > least.size:
        raise NotEnoughMemory(f"{doing} takes about {format_bytes(size)} of memory, more than {least}", least.hint)


def shortage(doing: str, error: BaseException) -> NotEnoughMemory | None:
    """The error for a person, where an exception means that there is no more memory; None for all others."""
    if isinstance(error, NotEnoughMemory):
        return error
    is_one = (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        # A thread needs room for its stack.
        or (isinstance(error, RuntimeError) and "can't start new thread" in str(error))
    )
    return exhausted(doing) if is_one else None


def exhausted(doing: str) -> NotEnoughMemory:
    """The error for a person where a MemoryError was raised; it names the limit that leaves least now."""
    size, data = _limit_of("RLIMIT_AS"), _limit_of("RLIMIT_DATA")
    of_size = None if size is None else size - _status("VmSize")
    of_data = None if data is None else data - _status("VmData")
    if of_size is not None and (of_data is None or of_size < of_data):
        return _exceeded(doing, Limit(size or 0, "`ulimit -v` allows", _raise_it("-v")))
    if _held is not None:
        return _exceeded(doing, _held)
    if data is not None:
        return _exceeded(doing, Limit(data, "`ulimit -d` allows", _raise_it("-d")))
    return NotEnoughMemory(f"{doing} takes more memory than this machine has left", _ON_ANOTHER)


def why_killed(doing: str, kills_before: int, said: bytes) -> NotEnoughMemory | None:
    """The error for a person where a child has died for want of memory; None where nothing says so.

    Args:
        doing: begins a sentence.
        kills_before: `cgroups.kills()` from before it was started.
        said: what it wrote to its standard error.
    """
    group = cgroups.tightest()
    if group is not None and cgroups.kills() > kills_before:
        allowed = Limit(group.limit, f"{group.file} allows", _MORE_FOR_THE_GROUP)
        return NotEnoughMemory(f"{doing} took more memory than {allowed}, so the kernel has ended it", allowed.hint)
    return exhausted(doing) if any(words in said for words in _WORDS_OF_WANT) else None


def check(doing: str, limit: Limit) -> None:
    """Raises NotEnoughMemory where this process uses more than a limit."""
    if anonymous() > limit.size:
        raise _exceeded(doing, limit)


def go_first() -> None:
    """Let the kernel end this process before others, where it has to end one: nothing is lost with it."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def hold(limit: Limit) -> None:
    """From here on what goes beyond a limit raises MemoryError, where the kernel would end the process else.

    The kernel has no limit on what is really used, only on what is reserved, which is more. So a thread looks at what
    is used, and lets nothing more be reserved while that is too much. Programs that this process starts inherit it:
    `release` frees them of it.
    """
    global _held
    if sys.platform != "linux" or not _status("RssAnon"):
        return
    is_watched, _held = _held is not None, limit
    _reserve(_status("VmData") + _RESERVED * max(0, limit.size - anonymous()))
    if not is_watched:
        threading.Thread(target=_watch, name="pmat-memory", daemon=True).start()


def _watch() -> None:
    is_tight = False
    while True:
        time.sleep(_LOOK_EVERY)
        assert _held is not None
        if (_used_roughly() > _held.size) != is_tight:
            is_tight = not is_tight
            used = _status("VmData")
            _reserve(used if is_tight else used + _RESERVED * max(0, _held.size - anonymous()))


def _used_roughly() -> int:
    """As `anonymous`, and much quicker: but for what threads have taken just now."""
    with open("/proc/self/statm", encoding="ascii") as pages:
        _, resident, shared, *_ = map(int, pages.read().split())
    return (resident - shared) * resource.getpagesize()


def _reserve(size: int) -> None:
    """Let this process reserve so many bytes, and no more than it could when it was started."""
    _, hard = _unheld()
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (size if hard < 0 else min(size, hard), hard))


def hold_to_groups() -> None:
    """As `hold`, to what the control groups leave; nothing where they have no limit."""
    group = _of_groups(Path("/"))
    if group is not None:
        hold(Limit(group.size + anonymous(), group.clause, group.hint))


def release(process: int) -> None:
    """Let a program that this process has started have what it could have without `hold`."""
    if sys.platform == "linux" and _held is not None:
        with suppress(ValueError, OSError):
            resource.prlimit(process, resource.RLIMIT_DATA, _unheld())


def anonymous() -> int:
    """Bytes that this process uses now, without mapped files; where the kernel does not tell, its peak with them."""
    used = _status("RssAnon") + _status("RssShmem")
    if used or sys.platform == "win32":
        return used
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def give_back() -> None:
    """Give the kernel back what is free inside this process: glibc keeps it otherwise, in each of its arenas.

    Takes some milliseconds, in which other threads of Python run.
    """
    # Here, since only what runs for long needs it.
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


_MORE_FOR_THE_GROUP = "Give the container or the service more memory."
_WORDS_OF_WANT = (b"MemoryError", b"Cannot allocate memory", b"cannot allocate memory", b"can't start new thread")
"""What Python and the libraries below it say of a limit on the address space."""
_ON_ANOTHER = "End other programs, or do it on a machine with more memory."
_held: Limit | None = None
"""What `hold` was given last."""


def _exceeded(doing: str, limit: Limit) -> NotEnoughMemory:
    return NotEnoughMemory(f"{doing} takes more memory than {limit}", limit.hint)


def _raise_it(option: str) -> str:
    return f"Raise it where this was started: `ulimit {option} unlimited`."


def _half_of_the_machine() -> Limit:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError, AttributeError):
        size = 4 << 30
    return Limit(size, "are half of what this machine has", MORE_MEMORY_HINT)


def _left(system: Path) -> Iterator[Limit]:
    """What each limit still leaves."""
    group = _of_groups(system)
    if group is not None:
        yield group
    for name, option, used in (("RLIMIT_AS", "-v", "VmSize"), ("RLIMIT_DATA", "-d", "VmData")):
        size = _limit_of(name)
        if size is not None and not (name == "RLIMIT_DATA" and _held):
            yield Limit(max(0, size - _status(used)), _of(size, f"`ulimit {option}` allows"), _raise_it(option))
    free = _kibibytes(system / "proc/meminfo", "MemAvailable") + _kibibytes(system / "proc/meminfo", "SwapFree")
    if free:
        yield Limit(free, "are free on this machine", _ON_ANOTHER)


def _of_groups(system: Path) -> Limit | None:
    group = cgroups.tightest(system) if sys.platform == "linux" else None
    if group is None:
        return None
    left = max(0, group.left - group.limit // _KERNELS_SHARE)
    return Limit(left, _of(group.limit, f"{group.file} allows"), _MORE_FOR_THE_GROUP)


def _of(size: int, who: str) -> str:
    return f"are left of the {format_bytes(size)} that {who}"


def _limit_of(name: str) -> int | None:
    """The limit of this process by its name in `resource`; None for none."""
    if sys.platform != "linux":
        return None
    soft, _ = resource.getrlimit(getattr(resource, name))
    return None if soft == resource.RLIM_INFINITY else soft


@cache
def _unheld() -> tuple[int, int]:
    """The limit on data as this process was started; called first before it is changed."""
    return resource.getrlimit(resource.RLIMIT_DATA)


def _status(key: str) -> int:
    """Bytes of this process, as /proc/self/status tells them; 0 where it does not."""
    return _kibibytes(Path("/proc/self/status"), key)


def _kibibytes(path: Path, key: str) -> int:
    """The bytes that a line `key: 1234 kB` tells; 0 where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            return next((int(line.split()[1]) << 10 for line in lines if line.startswith(f"{key}:")), 0)
    except (OSError, ValueError, IndexError):
        return 0
