"""The dumps that are open: one is in front, and those before it stay open, so that going back to one costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.analysis.outline import Named
from pmat_lsp.server.dumps import Stamp
from pmat_lsp.server.paths import same_file_key
from pmat_lsp.server.sites import Sites
from pmat_lsp.session import Dump

MOST_OPEN = 4
"""The one in front included. Their columns are mapped files, but what was computed of them is memory of our own."""
MOST_SVS = 20_000_000
"""In all dumps that are open together, at some 50 bytes each; one that is larger is open alone."""


@dataclass
class OpenDump:
    """A dump with what the server keeps about it. Only the worker thread of `State` looks into it."""

    dump: Dump
    sites: Sites
    stamp: Stamp | None
    """How the file was when it was opened."""
    outline: tuple[Named, ...] | None = None
    """All that has a name; made when it is first asked for."""


class OpenDumps:
    """In the order in which they were last in front."""

    def __init__(self) -> None:
        self._by_file: dict[str, OpenDump] = {}

    def __iter__(self) -> Iterator[OpenDump]:
        """The one in front first."""
        return reversed(self._by_file.values())

    @property
    def front(self) -> OpenDump | None:
        """The one that all answers are about."""
        return next(iter(self), None)

    def get(self, path: Path) -> OpenDump | None:
        """The dump of a file, if it is open."""
        return self._by_file.get(same_file_key(path))

    def bring_to_front(self, opened: OpenDump) -> None:
        """Put a dump in front, in place of an earlier state of the same file. Those too many are closed."""
        self.close(opened.dump.path)
        self._by_file[same_file_key(opened.dump.path)] = opened
        while len(self._by_file) > MOST_OPEN or (len(self._by_file) > 1 and self._svs > MOST_SVS):
            del self._by_file[next(iter(self._by_file))]

    @property
    def _svs(self) -> int:
        return sum(opened.dump.heap.n for opened in self._by_file.values())

    def replace(self, opened: OpenDump) -> None:
        """Keep a dump in its place, with other settings."""
        self._by_file[same_file_key(opened.dump.path)] = opened

    def close(self, path: Path) -> None:
        """Close the dump of a file, if it is open."""
        self._by_file.pop(same_file_key(path), None)

    def clear(self) -> None:
        """Close all."""
        self._by_file.clear()
