"""Reading the file of a dump: as it is, or compressed with gzip, xz or zstd."""

from __future__ import annotations

import mmap
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol

from pmat_lsp.errors import DumpError, unreadable
from pmat_lsp.format.header import TRUNCATED_HINT, Buffer
from pmat_lsp.units import format_bytes

_CHUNK = 1 << 20
_ALWAYS_ALLOWED = 256 << 20
_LARGEST_RATIO = 1000
"""Real dumps shrink to a tenth or a twentieth; what grows a thousandfold was made to fill the disk."""


class _Readable(Protocol):
    """What the openers of compressed files have in common."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


_PACKED = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""How a file is compressed, by its first bytes."""
MORE_MEMORY_HINT = "Allow more with --memory-limit (in an editor: the setting pmat.memoryLimit)."
_NAME_A_DUMP = "Name a heap dump: a file written by Devel::MAT::Dumper."
COMPRESSED_SUFFIXES = (".gz", ".xz", ".zst", ".zstd")


def check_file(path: Path) -> None:
    """Refuse what is no file that can be read.

    Raises:
        DumpError: there is no such file, it is not a regular file, or the user may not look at it.
    """
    try:
        status = path.stat()
    except OSError as error:
        problem = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise DumpError(path, problem, hint=_NAME_A_DUMP) from error
    if not stat.S_ISREG(status.st_mode):
        problem = "is a directory" if stat.S_ISDIR(status.st_mode) else "is not a regular file"
        raise DumpError(path, problem, hint=_NAME_A_DUMP)


def is_compressed(path: Path) -> bool:
    """Whether the file at `path` is compressed in a way that is understood.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(6)
    return _packed(head) is not None


def _packed(head: bytes) -> str | None:
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)


def read_dump(path: Path) -> bytes:
    """The bytes of the dump at `path`, unpacked if it is compressed.

    They are read, not mapped: a file that is cut or replaced in place while it is mapped would kill the process.

    Raises:
        DumpError: the file cannot be read, is not a regular file, or its compressed data are damaged.
    """
    check_file(path)
    try:
        with open(path, "rb") as file:
            if _packed(file.read(6)) is not None:
                return b"".join(unpacked(path))
            file.seek(0)
            return file.read()
    except OSError as error:
        raise unreadable(path, error) from error


def map_dump(path: Path, unpack_to: BinaryIO | None, largest: int | None = None) -> Buffer:
    """As `read_dump`, but the file is mapped: for a process that may die when somebody cuts the file short.

    Args:
        path: the dump.
        unpack_to: an empty file that can be read too, for the contents; None where it is not compressed.
        largest: bytes that it may unpack to.

    Raises:
        DumpError: as `read_dump`.
        OSError: the contents cannot be written.
    """
    check_file(path)
    try:
        with open(path, "rb") as file:
            if unpack_to is None:
                return _mapped(file)
    except OSError as error:
        raise unreadable(path, error) from error
    for chunk in unpacked(path, largest):
        unpack_to.write(chunk)
    unpack_to.flush()
    return _mapped(unpack_to)


def _mapped(file: BinaryIO) -> Buffer:
    if os.fstat(file.fileno()).st_size == 0:
        return b""
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def forget(data: Buffer) -> None:
    """Let the pages go that have been read of a mapped file: they come back by themselves if they are read again."""
    if isinstance(data, mmap.mmap) and hasattr(data, "madvise"):
        data.madvise(mmap.MADV_DONTNEED)


def unpacked(path: Path, largest: int | None = None) -> Iterator[bytes]:
    """The contents of a compressed file, piece by piece.

    Raises:
        DumpError: it cannot be read, its data are damaged, or they unpack to more than `largest` bytes or than any dump
            does.
    """
    with open(path, "rb") as file:
        name = _packed(file.read(6))
    assert name is not None, f"{path} is not compressed"
    # Here, since most dumps are not compressed.
    import gzip
    import lzma
    import zlib

    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    openers: dict[str, Callable[[Path], _Readable]] = {"gzip": gzip.open, "xz": lzma.open, "zstd": zstd.open}
    limit = max(_ALWAYS_ALLOWED, path.stat().st_size * _LARGEST_RATIO)
    size = 0
    try:
        with closing(openers[name](path)) as packed:
            while chunk := packed.read(_CHUNK):
                first = size == 0
                size += len(chunk)
                yield chunk
                if first and not chunk.startswith(b"PMAT"):
                    break
                if size > limit:
                    raise DumpError(path, f"the {name} data unpack to more than {format_bytes(limit)}")
                if largest is not None and size > largest:
                    problem = (
                        f"the {name} data unpack to more than {format_bytes(largest)}, too much for the memory limit"
                    )
                    raise DumpError(path, problem, hint=MORE_MEMORY_HINT)
    except (EOFError, lzma.LZMAError, zlib.error, zstd.ZstdError, gzip.BadGzipFile) as error:
        problem = f"the {name} data are cut off or damaged after {size:,} unpacked bytes: {error}"
        raise DumpError(path, problem, offset=size, hint=TRUNCATED_HINT) from error
    except OSError as error:
        raise unreadable(path, error) from error
