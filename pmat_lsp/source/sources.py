"""Source texts, parsed: of a file that is open in an editor what stands there, of any other what is on disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pmat_lsp.errors import PmatError
from pmat_lsp.source.files import read_source
from pmat_lsp.source.parsing import LONGEST_PARSE
from pmat_lsp.source.perl import PerlSource

_PAUSE = 10 * LONGEST_PARSE
"""Seconds in which an open text that took too long to parse is not parsed again."""


class Sources:
    """Each text is parsed once, for all dumps that are open."""

    def __init__(self) -> None:
        self._open: dict[str, PerlSource] = {}
        self._read: dict[str, tuple[tuple[int, int], PerlSource]] = {}
        self._texts: dict[str, tuple[tuple[int, int], str]] = {}
        self._not_before: dict[str, float] = {}
        self.version = 0
        """Grows with each change that was told; what was found in the texts before may be elsewhere now."""

    def set_text(self, path: Path, text: str) -> None:
        """From now on the text of `path` is `text`, not what is on disk."""
        key = _key(path)
        # Each letter that is typed into a text that took too long would take as long again.
        waits = time.monotonic() < self._not_before.get(key, 0)
        source = PerlSource(text, path, 0 if waits else LONGEST_PARSE, self._open.get(key))
        self._open[key] = source
        if not source.is_parsed and not waits:
            self._not_before[key] = time.monotonic() + _PAUSE
        self.version += 1

    def drop_text(self, path: Path) -> None:
        """The text of `path` is that on disk again."""
        self._open.pop(_key(path), None)
        self.version += 1

    def is_unsaved(self, path: Path) -> bool:
        """Whether `path` is open with another text than on disk, or is not on disk any more."""
        opened = self._open.get(_key(path))
        try:
            return opened is not None and opened.text != read_source(path)
        except PmatError:
            return True

    def changed_on_disk(self) -> None:
        """Some file was written, made or removed."""
        self.version += 1

    def source(self, path: Path) -> PerlSource:
        """The text of `path`: the open one, else the one on disk, read again only when it was written.

        Raises:
            PmatError: there is no such file, or it cannot be read.
        """
        key = _key(path)
        if key in self._open:
            return self._open[key]
        stamp = _stamp(path)
        kept = self._read.get(key)
        if kept is None or kept[0] != stamp:
            kept = self._read[key] = (stamp, PerlSource(read_source(path), path))
            self._texts.pop(key, None)
        return kept[1]

    def text(self, path: Path) -> str:
        """The text of `path` as `source` has it, without parsing it.

        Raises:
            PmatError: there is no such file, or it cannot be read.
        """
        key = _key(path)
        if key in self._open:
            return self._open[key].text
        stamp = _stamp(path)
        parsed = self._read.get(key)
        if parsed is not None and parsed[0] == stamp:
            return parsed[1].text
        kept = self._texts.get(key)
        if kept is None or kept[0] != stamp:
            kept = self._texts[key] = (stamp, read_source(path))
        return kept[1]


def _key(path: Path) -> str:
    return os.path.realpath(path)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise PmatError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return found.st_mtime_ns, found.st_size
