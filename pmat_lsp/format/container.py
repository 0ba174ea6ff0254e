"""Opening a dump: a plain file is mapped, one compressed with gzip, xz or zstd is unpacked first."""

from __future__ import annotations

import gzip
import lzma
import mmap
import os
import sys
import tempfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Protocol

from pmat_lsp.errors import DumpError
from pmat_lsp.format.header import TRUNCATED_HINT, Buffer
from pmat_lsp.units import format_bytes

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_CHUNK = 1 << 20
_ALWAYS_ALLOWED = 256 << 20
_LARGEST_RATIO = 1000
"""Real dumps shrink to a tenth or a twentieth; what grows a thousandfold was made to fill the disk."""

class _Readable(Protocol):
    """What the openers of compressed files have in common."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


_OPENERS: tuple[tuple[bytes, str, Callable[[Path], _Readable]], ...] = (
    (b"\x1f\x8b", "gzip", gzip.open),
    (b"\xfd7zXZ\x00", "xz", lzma.open),
    (b"\x28\xb5\x2f\xfd", "zstd", zstd.open),
)
COMPRESSED_SUFFIXES = (".gz", ".xz", ".zst", ".zstd")


def open_dump(path: Path) -> Buffer:
    """The bytes of the dump at `path`, mapped from the file or from an unpacked temporary one without a name.

    Raises:
        DumpError: the file cannot be read, is not a regular file, or its compressed data are damaged.
    """
    try:
        if not path.is_file():
            problem = "is a directory" if path.is_dir() else "no such file"
            raise DumpError(path, problem, hint="Name a heap dump: a file written by Devel::MAT::Dumper.")
        with open(path, "rb") as file:
            head = file.read(6)
            for magic, name, opener in _OPENERS:
                if head.startswith(magic):
                    return _unpack(path, name, opener)
            return _map(file)
    except OSError as error:
        raise DumpError(path, f"cannot be read: {error.strerror or error}") from error


def _map(file: IO[bytes]) -> Buffer:
    if os.fstat(file.fileno()).st_size == 0:
        return b""
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _unpack(path: Path, name: str, opener: Callable[[Path], _Readable]) -> Buffer:
    limit = max(_ALWAYS_ALLOWED, path.stat().st_size * _LARGEST_RATIO)
    written = 0
    with tempfile.TemporaryFile() as unpacked:
        try:
            with closing(opener(path)) as packed:
                while chunk := packed.read(_CHUNK):
                    if not written and not chunk.startswith(b"PMAT"):
                        return chunk
                    written += len(chunk)
                    if written > limit:
                        raise DumpError(path, f"the {name} data unpack to more than {format_bytes(limit)}")
                    unpacked.write(chunk)
        except (EOFError, lzma.LZMAError, zlib.error, zstd.ZstdError, gzip.BadGzipFile) as error:
            raise DumpError(
                path,
                f"the {name} data are cut off or damaged after {written:,} unpacked bytes: {error}",
                offset=written,
                hint=TRUNCATED_HINT,
            ) from error
        unpacked.flush()
        return _map(unpacked)
