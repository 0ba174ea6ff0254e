"""Where indexes are kept, what they are called, and how much room they may take."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import xxhash

from pmat_lsp.format.dumpfile import sample_of
from pmat_lsp.heap import locks
from pmat_lsp.heap.index import SCHEMA, Identity, IndexDamaged, read_identity

DEFAULT_LIMIT = 4 << 30
"""Bytes that the cache may take before the files that were not used for longest go."""

TEMPORARY = "pmat-lsp-index-"
"""The prefix of temporary folders, which hold an index where the cache cannot be written."""
_INDEX_SUFFIX = ".pmatidx"
_DUMP_SUFFIX = ".pmat"
_DIGITS = 32
_OWN_NAME = re.compile(
    rf"[0-9a-f]{{{_DIGITS}}}(?:{re.escape(_INDEX_SUFFIX)}|{re.escape(_DUMP_SUFFIX)})(?P<unfinished>\.[0-9a-f]+\.tmp)?"
)
"""The folder may be one that others use, too: nothing else in it is touched."""
_A_MINUTE = 60
"""Seconds that a file may be unfinished without a lock: between its making and its locking."""


def identify(dump: Path) -> Identity:
    """What tells a dump from others and from its own earlier contents.

    Raises:
        OSError: it cannot be read.
    """
    status = dump.stat()
    with open(dump, "rb") as file:
        sample = sample_of(file, status.st_size)
    return {
        "path": str(dump.absolute()).encode("utf-8", "surrogateescape"),
        "size": status.st_size,
        "mtime": status.st_mtime_ns,
        "sample": sample,
    }


@dataclass(frozen=True)
class CacheEntry:
    """A file of the cache."""

    path: Path
    bytes: int
    used: float
    """When it was last used, in seconds since the epoch."""


@dataclass(frozen=True)
class Cache:
    """A folder of indexes, and of the unpacked contents of compressed dumps."""

    folder: Path
    limit: int = DEFAULT_LIMIT
    is_shared: bool = True
    """Whether others may have files in the folder; then its mode stays as it is."""

    @classmethod
    def of_user(cls) -> Cache:
        """The cache in the user's own folder; PMAT_LSP_CACHE names another."""
        named = os.environ.get("PMAT_LSP_CACHE")
        if named:
            return cls(Path(named))
        return cls(Path(platformdirs.user_cache_dir("pmat-lsp", appauthor=False)), is_shared=False)

    def index_of(self, identity: Identity) -> Path:
        """Where the index of a dump belongs; a dump or a schema that has changed has another place."""
        digest = xxhash.xxh3_128_hexdigest(repr((SCHEMA, sorted(identity.items()))).encode())
        return self.folder / f"{digest}{_INDEX_SUFFIX}"

    def unpacked(self, index: Path) -> Path:
        """Where the contents of a compressed dump belong."""
        return index.with_suffix(_DUMP_SUFFIX)

    def dump_of(self, entry: Path) -> str:
        """The dump that a file of the cache is about, as it was named; "?" where the file does not say."""
        try:
            path: bytes = read_identity(entry)["path"]
            return path.decode("utf-8", "surrogateescape")
        except (IndexDamaged, OSError, KeyError, TypeError):
            return "?"

    def touch(self, *paths: Path) -> None:
        """Note that files are in use."""
        for path in paths:
            with suppress(OSError):
                os.utime(path)

    def make(self) -> None:
        """Make the folder, if it is not there: for nobody else, since dumps hold secrets.

        Raises:
            OSError: it cannot be made.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError as error:
            # A file has its name.
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(self.folder)) from error
        if not self.is_shared:
            # Earlier versions let everyone look into it.
            with suppress(OSError):
                self.folder.chmod(0o700)

    def entries(self) -> list[CacheEntry]:
        """All its files, the one used last first."""
        return sorted(self._entries(), key=lambda entry: -_last_used(entry))

    def _entries(self) -> Iterator[CacheEntry]:
        for path in self.folder.glob("*"):
            if not _OWN_NAME.fullmatch(path.name):
                continue
            with suppress(OSError):
                status = path.stat()
                yield CacheEntry(path, status.st_size, status.st_mtime)

    def evict(self, keep: Path) -> None:
        """Remove what was not used for longest until the rest fits; `keep` and its companions stay."""
        left = self.limit
        for entry in self.entries():
            left -= entry.bytes
            if (left < 0 or _is_abandoned(entry)) and entry.path.stem != keep.stem:
                with suppress(OSError):
                    entry.path.unlink()

    def remove_unfinished(self, suffix: str) -> None:
        """Remove what a child has left that was ended while it wrote files with this suffix."""
        for path in self.folder.glob(f"*{suffix}"):
            if _OWN_NAME.fullmatch(path.name):
                with suppress(OSError):
                    path.unlink()

    def remove_temporary(self) -> None:
        """Remove the folder if it is temporary and empty: the process that made it may have been killed."""
        if self.folder.name.startswith(TEMPORARY):
            with suppress(OSError):
                self.folder.rmdir()

    def clear(self) -> int:
        """Remove everything; returns how many bytes that were."""
        removed = 0
        for entry in self.entries():
            with suppress(OSError):
                entry.path.unlink()
                removed += entry.bytes
        return removed


def _last_used(entry: CacheEntry) -> float:
    """When a file was last used; 0.0 for a time in the future, which is from before the clock was set back."""
    return entry.used if entry.used <= time.time() + _A_MINUTE else 0.0


def _is_abandoned(entry: CacheEntry) -> bool:
    """Whether the process that wrote an unfinished file is gone."""
    found = _OWN_NAME.fullmatch(entry.path.name)
    is_unfinished = found is not None and found["unfinished"] is not None
    with suppress(OSError):
        return is_unfinished and abs(time.time() - entry.used) > _A_MINUTE and not locks.is_locked(entry.path)
    # Somebody else has just finished or removed it.
    return False
