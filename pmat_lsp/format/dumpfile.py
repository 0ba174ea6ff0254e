"""The bytes of a dump that stays on the disk, read where they are asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import xxhash

from pmat_lsp.errors import DumpError

_BLOCK = 1 << 16
_SAMPLE = 1 << 16


class SupportsFileno(Protocol):
    """An open file."""

    def fileno(self) -> int:
        """Its number."""


class DumpFile:
    """Slices of a file, as if it were `bytes`; small reads next to each other come from one block.

    The file stays open, so a dump that is replaced or deleted can still be read. One that is overwritten in place
    is an error. The file is not mapped: reading a mapped file that somebody cuts short kills the process.
    """

    def __init__(self, path: Path) -> None:
        """Open the file at `path`.

        Raises:
            OSError: it cannot be opened.
        """
        self._path = path
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 (it stays open as long as the heap is used)
        self._size, self._written = self._stamp()
        self._sample = sample_of(self._file, self._size)
        self._block = b""
        self._block_start = 0

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, wanted: slice) -> bytes:
        """The bytes of a slice without a step.

        Raises:
            DumpError: the file has become shorter or was overwritten.
        """
        start, stop, _ = wanted.indices(self._size)
        if stop <= start:
            return b""
        before = self._block_start
        if not (before <= start and stop <= before + len(self._block)):
            self._read_block(start, stop)
        return self._block[start - self._block_start : stop - self._block_start]

    def _read_block(self, start: int, stop: int) -> None:
        # A look a little backwards: records are read from their strings to their headers as often as forwards.
        first = max(0, start - 512)
        block = os.pread(self._file.fileno(), max(_BLOCK, stop - first), first)
        # After the read: an unchanged time means that these bytes are the old ones.
        size, written = self._stamp()
        if first + len(block) < stop:
            problem = f"the file has been cut short since it was loaded: byte {stop:,} is gone"
            raise DumpError(self._path, problem, offset=first + len(block), hint="Load it again.")
        if written != self._written:
            if size != self._size or sample_of(self._file, size) != self._sample:
                raise DumpError(self._path, "the file has been overwritten since it was loaded", hint="Load it again.")
            self._written = written
        self._block_start, self._block = first, block

    def _stamp(self) -> tuple[int, int]:
        """(size in bytes, time of the last change in ns) of the open file."""
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns


def sample_of(file: SupportsFileno, size: int) -> bytes:
    """A digest of the first and the last 64 KiB of a file of `size` bytes.

    Raises:
        OSError: it cannot be read.
    """
    sample = xxhash.xxh3_128()
    for start in (0, max(0, size - _SAMPLE)):
        sample.update(os.pread(file.fileno(), _SAMPLE, start))
    return sample.digest()
