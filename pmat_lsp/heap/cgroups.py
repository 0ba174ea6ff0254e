"""What Linux's control groups, of both versions, let a process have of memory, by what the kernel's files say.

A group's limit holds for all groups below it, so the tightest on the way up counts. The page cache counts as used too,
but the kernel takes it back when something needs the room: what cannot be had is what is used by memory without a file.
In a container the groups above its own cannot be seen, and the path of its own may not be where it is mounted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_NO_LIMIT = 1 << 60
"""The first version says "none" with a number near 2**63."""


@dataclass(frozen=True, slots=True)
class Group:
    """A control group with a limit on memory."""

    file: str
    """That says the limit: `/sys/fs/cgroup/memory.max`."""
    limit: int
    """Bytes."""
    used: int
    """Bytes that the kernel cannot take back from its processes."""

    @property
    def left(self) -> int:
        """Bytes that may still be had."""
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class Version:
    """Where one version keeps what."""

    limits: tuple[str, ...]
    used: tuple[str, ...]
    """Keys of `memory.stat`."""
    kills: str
    """The file with a key `oom_kill`."""


_FIRST = Version(("memory.limit_in_bytes",), ("total_rss", "total_shmem"), "memory.oom_control")
_SECOND = Version(("memory.max", "memory.high"), ("anon", "shmem"), "memory.events")


def tightest(system: Path = Path("/")) -> Group | None:
    """The group of this process, or one above it, that leaves least; None where none has a limit.

    `system` is the folder that `proc` and `sys` are in.
    """
    groups = (group for version, folder in folders(system) for group in _limited(version, folder, system))
    return min(groups, key=lambda group: group.left, default=None)


def kills(system: Path = Path("/")) -> int:
    """How many processes of these groups were killed so far because a limit was hit."""
    return sum(_numbers(folder / version.kills).get("oom_kill", 0) for version, folder in folders(system))


def _limited(version: Version, folder: Path, system: Path) -> Iterator[Group]:
    numbers = _numbers(folder / "memory.stat")
    limits = {name: _number(folder / name) for name in version.limits}
    if version is _FIRST:
        # Also tells the limits of groups above that cannot be seen.
        limits["memory.stat"] = numbers.get("hierarchical_memory_limit")
    for name, limit in limits.items():
        if limit is not None and limit < _NO_LIMIT:
            used = sum(numbers.get(key, 0) for key in version.used)
            yield Group(f"/{(folder / name).relative_to(system)}", limit, used)


def folders(system: Path = Path("/")) -> Iterator[tuple[Version, Path]]:
    """The folders of the groups that bound the memory of this process; the outermost first."""
    paths = {}
    for line in _lines(system / "proc/self/cgroup"):
        number, controllers, path = line.split(":", 2)
        if number == "0":
            paths[_SECOND] = path
        elif "memory" in controllers.split(","):
            paths[_FIRST] = path
    seen = set()
    for line in _lines(system / "proc/self/mountinfo"):
        version, root, mounted = _mount(line)
        if version in paths and version not in seen:
            seen.add(version)
            top = system / mounted.lstrip("/")
            own = _inside(top, root, paths[version])
            between = [folder for folder in own.parents if folder.is_relative_to(top)]
            yield from ((version, folder) for folder in (*reversed(between), own))


def _mount(line: str) -> tuple[Version | None, str, str]:
    """(the version that is mounted, the group at its top, where); see proc_pid_mountinfo(5)."""
    before, _, after = line.partition(" - ")
    fields, filesystem = before.split(), after.split()
    if len(fields) < 5 or len(filesystem) < 3:
        return None, "", ""
    version = None
    if filesystem[0] == "cgroup2":
        version = _SECOND
    elif filesystem[0] == "cgroup" and "memory" in filesystem[2].split(","):
        version = _FIRST
    return version, _plain(fields[3]), _plain(fields[4])


def _plain(field: str) -> str:
    """A path without the kernel's escapes, `\\040` for a space."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def _inside(top: Path, root: str, path: str) -> Path:
    """The folder of a group below the mount of the group `root`; the mount itself where the group cannot be seen."""
    below = path.removeprefix(root) if root != "/" and f"{path}/".startswith(f"{root}/") else path
    folder = top / below.strip("/")
    return folder if ".." not in folder.parts and folder.is_dir() else top


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    """The number in a file; None where there is none, such as `max`."""
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdecimal() else None


def _numbers(path: Path) -> Mapping[str, int]:
    """The lines of a file, each a key and a number."""
    pairs = (line.split() for line in _lines(path))
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}
