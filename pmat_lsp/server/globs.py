"""Patterns of paths as editors write them: `*`, `?`, `[…]`, `{a,b}`, and `**` for any number of folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

_MAGIC = re.compile(r"[*?[]")
_BRACES = re.compile(r"\{([^{}]*)\}")
MOST_ALTERNATIVES = 100
"""That the braces of one pattern stand for; those beyond are passed over."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern below a folder."""

    base: Path
    """The folder in front of the first part that is a pattern, absolute."""
    parts: tuple[str, ...]
    """What follows; at least one."""

    @property
    def depth(self) -> int | None:
        """How many folders below `base` it reaches; None: any number."""
        return None if "**" in self.parts else len(self.parts) - 1

    def matches(self, below: Sequence[str]) -> bool:
        """Whether it matches the path that has these parts below `base`."""
        return _match(self.parts, tuple(below))


def parse_globs(pattern: str, folders: Sequence[Path]) -> list[Glob]:
    """The globs that a pattern means: below each of the folders where it is relative."""
    found = []
    for alternative in _alternatives(pattern):
        parts = Path(alternative).expanduser().parts
        # The last part is always matched, so that a plain path is found like any other.
        fixed = next((at for at, part in enumerate(parts[:-1]) if _MAGIC.search(part)), max(len(parts) - 1, 0))
        start, rest = Path(*parts[:fixed]), parts[fixed:]
        if not rest:
            continue
        bases = [start] if start.is_absolute() else [folder / start for folder in folders]
        found += [Glob(Path(os.path.normpath(base)), rest) for base in bases]
    return found


def _alternatives(pattern: str) -> list[str]:
    """What the braces stand for, each written out."""
    written: list[str] = []
    left = [pattern]
    while left and len(written) < MOST_ALTERNATIVES:
        one = left.pop()
        braces = _BRACES.search(one)
        if braces is None:
            written.append(one)
        else:
            left += reversed([one[: braces.start()] + choice + one[braces.end() :] for choice in braces[1].split(",")])
    return written


def _match(parts: tuple[str, ...], below: tuple[str, ...]) -> bool:
    if not parts:
        return not below
    if parts[0] == "**":
        return any(_match(parts[1:], below[skipped:]) for skipped in range(len(below) + 1))
    return bool(below) and fnmatchcase(below[0], parts[0]) and _match(parts[1:], below[1:])


def walk(globs: Sequence[Glob], *, deepest: int, most_entries: int, skipped: frozenset[str]) -> Iterator[Walked]:
    """The folders in which the globs may match, each once, from their bases down.

    Args:
        globs: what is looked for.
        deepest: how many folders below its base a glob with `**` reaches.
        most_entries: so many entries are looked at over all folders, then it ends.
        skipped: names of folders that are not entered.
    """
    by_base: dict[Path, list[Glob]] = {}
    for glob in globs:
        by_base.setdefault(glob.base, []).append(glob)
    left = most_entries
    for base, ours in by_base.items():
        reach = max(deepest if glob.depth is None else glob.depth for glob in ours)
        for folder, inner, names in os.walk(base):
            below = Path(folder).relative_to(base).parts
            inner[:] = [] if len(below) >= reach else sorted(set(inner) - skipped)
            left -= len(names) + len(inner)
            if left < 0:
                return
            matched = [name for name in names if any(glob.matches((*below, name)) for glob in ours)]
            yield Walked(Path(folder), matched)


@dataclass(frozen=True, slots=True)
class Walked:
    """A folder that was looked through."""

    folder: Path
    names: list[str]
    """The files in it that match."""
