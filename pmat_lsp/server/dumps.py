"""Finding dumps in a workspace, and telling whether one was written anew."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pmat_lsp.server.paths import path_of

SUFFIXES = (".pmat", ".pmat.gz", ".pmat.xz", ".pmat.zst")
WATCHED = "**/*.pmat*"
"""What a client is asked to watch."""
MOST_ENTRIES = 50_000
"""Directory entries looked at, over all folders."""
_DEEPEST = 6
_SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".cache"})

Stamp = tuple[int, int]
"""Time of the last change in ns, size in bytes."""


def is_dump_name(name: str) -> bool:
    """Whether a file is taken for a dump, by its name."""
    return name.endswith(SUFFIXES)


def named_dump(name: str, folders: Sequence[Path]) -> Path:
    """The path that a path or URI means, from a folder of the workspace on where it is relative."""
    path = path_of(name) or Path(name).expanduser()
    beside = [folder / path for folder in folders]
    return next((candidate for candidate in beside if candidate.exists()), path.absolute())


def stamp_of(path: Path) -> Stamp | None:
    """What changes when the file is written; None where there is no such file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def newest_dump(folders: Sequence[Path]) -> Path | None:
    """The dump below the folders that was written last; of equal ones the first by name."""
    return _newest(path for path in _below(folders) if is_dump_name(path.name))


def newest_dump_in(folders: Iterable[Path]) -> Path | None:
    """As `newest_dump`, but for the folders themselves alone: cheap enough to ask every other second."""
    return _newest(path for folder in folders for path in _entries(folder) if is_dump_name(path.name))


def _newest(paths: Iterable[Path]) -> Path | None:
    stamped = [(stamp[0], path) for path in paths if (stamp := stamp_of(path)) is not None and path.is_file()]
    return min(stamped, key=lambda found: (-found[0], found[1]))[1] if stamped else None


def _below(folders: Sequence[Path]) -> Iterator[Path]:
    left = MOST_ENTRIES
    for top in folders:
        for folder, inner, names in os.walk(top):
            depth = len(Path(folder).relative_to(top).parts)
            inner[:] = [] if depth >= _DEEPEST else sorted(set(inner) - _SKIPPED)
            left -= len(names) + len(inner)
            if left < 0:
                return
            yield from (Path(folder, name) for name in names)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
