"""Finding dumps by globs, and telling whether one was written anew."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.server.globs import Glob, walk
from pmat_lsp.server.paths import path_of

SUFFIXES = (".pmat", ".pmat.gz", ".pmat.xz", ".pmat.zst")
MOST_ENTRIES = 50_000
"""Directory entries looked at, over all folders."""
DEEPEST = 6
"""So many folders below its first one a glob with `**` reaches."""
_CLOCKS_DIFFER_NS = 600 * 1_000_000_000
"""Ten minutes: a file server has its own clock."""
_SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".cache"})

Stamp = tuple[int, int]
"""Time of the last change in ns, size in bytes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A dump on the disk."""

    path: Path
    stamp: Stamp


def is_dump_name(name: str) -> bool:
    """Whether a file is taken for a dump, by its name."""
    return name.endswith(SUFFIXES)


def named_dump(name: str, folders: Sequence[Path]) -> Path:
    """The path that a path or URI means, from a folder of the workspace on where it is relative."""
    path = path_of(name) or Path(name.replace("\0", "\N{REPLACEMENT CHARACTER}")).expanduser()
    beside = [folder / path for folder in folders]
    return next((candidate for candidate in beside if candidate.exists()), path.absolute())


def stamp_of(path: Path) -> Stamp | None:
    """What changes when the file is written; None where there is no such file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def find_dumps(globs: Sequence[Glob], *, deepest: int = DEEPEST, kept: Iterable[Path] = ()) -> tuple[Found, ...]:
    """The files that the globs match, the one written last first; of equal ones the first by name.

    Files with a time in the future come last: the clock has been set back since they were written.
    With `deepest` 0 a glob with `**` looks into its first folder alone: cheap enough to ask every other second.
    Those of `kept` that there still are come along.
    """
    walked = walk(globs, deepest=deepest, most_entries=MOST_ENTRIES, skipped=_SKIPPED)
    paths = (folder.folder / name for folder in walked for name in folder.names)
    stamped = {path: stamp for path in (*paths, *kept) if (stamp := stamp_of(path)) is not None and path.is_file()}
    return tuple(sorted((Found(*one) for one in stamped.items()), key=_order))


def is_of_future(stamp: Stamp) -> bool:
    """Whether a file's time is further in the future than the clocks of two machines differ."""
    return stamp[0] > time.time_ns() + _CLOCKS_DIFFER_NS


def _order(found: Found) -> tuple[bool, int, Path]:
    return is_of_future(found.stamp), -found.stamp[0], found.path


def folders_of_dumps(globs: Sequence[Glob]) -> list[Path]:
    """The folders in which the globs may match."""
    return [one.folder for one in walk(globs, deepest=DEEPEST, most_entries=MOST_ENTRIES, skipped=_SKIPPED)]
