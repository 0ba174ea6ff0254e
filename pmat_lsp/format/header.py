"""The header of a dump, and a cursor that reads the small sections with every step checked."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pmat_lsp.errors import DumpError

Buffer: TypeAlias = bytes | mmap.mmap
"""What a dump is read from: the bytes of the file, or the mapped file."""

NEWEST_MINOR = 6
_KNOWN_FLAGS = 0x1F
TRUNCATED_HINT = "The program may have been killed while it wrote the dump. What was read before is not used."
DAMAGED_HINT = "The file is damaged. Make a new dump, or copy it again in binary mode."


@dataclass(frozen=True)
class Layout:
    """How the numbers of one dump are written, and how long its records are.

    Attributes:
        minor: minor version of the format, 0 to 6 (the major version is always 0).
        big_endian: byte order of every number.
        uint_size: bytes of a UINT, 4 or 8.
        ptr_size: bytes of a PTR, 4 or 8.
        nv_size: bytes of an NV in the file: 8 for a double, 10 for a long double.
        ithreads: whether perl was built with ithreads (constants and globs of ops are then in the pads).
        perl_version: (revision, version, subversion).
        type_sizes: uint8[256, 3], header bytes, pointers and strings of each SV record; row 0 is common to all.
        type_count: rows of `type_sizes` that the dump gives.
        extension_sizes: uint8[128, 3], the same for extension records 0x80 and up.
        extension_count: rows of `extension_sizes` that the dump gives.
        context_sizes: the same for contexts, () where the format has none.
    """

    minor: int = 0
    big_endian: bool = False
    uint_size: int = 8
    ptr_size: int = 8
    nv_size: int = 8
    ithreads: bool = False
    perl_version: tuple[int, int, int] = (0, 0, 0)
    type_sizes: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((256, 3), np.uint8))
    type_count: int = 0
    extension_sizes: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((128, 3), np.uint8))
    extension_count: int = 0
    context_sizes: tuple[tuple[int, int, int], ...] = ()

    @property
    def perl(self) -> str:
        """`5.36.0`."""
        return ".".join(map(str, self.perl_version))

    @property
    def format(self) -> str:
        """`0.6`."""
        return f"0.{self.minor}"

    @property
    def null_length(self) -> int:
        """The length that marks a STR which is undef: all bits set."""
        return (1 << (8 * self.uint_size)) - 1

    @property
    def byte_order(self) -> Literal["big", "little"]:
        """As `int.from_bytes` wants it."""
        return "big" if self.big_endian else "little"

    @property
    def ptr_dtype(self) -> np.dtype[np.unsignedinteger]:
        """The numpy type of a PTR as it lies in the file."""
        return np.dtype(f"{'>' if self.big_endian else '<'}u{self.ptr_size}")


class Cursor:
    """Reads one value after the other; every read is checked against the end of the data.

    Raises:
        DumpError: from every method, when the data end before the value does.
    """

    def __init__(self, data: Buffer, path: str, layout: Layout, position: int = 0) -> None:
        self.data = data
        self.path = path
        self.layout = layout
        self.position = position
        self.section = "header"

    def error(self, problem: str, offset: int, hint: str = DAMAGED_HINT) -> DumpError:
        """A DumpError about the byte at `offset`."""
        return DumpError(self.path, problem, offset=offset, hint=hint)

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        start = self.position
        left = len(self.data) - start
        if size > left:
            raise self.error(
                f"truncated: the {self.section} at byte {start:,} needs {size:,} bytes, {left:,} are left",
                start,
                TRUNCATED_HINT,
            )
        self.position = start + size
        return bytes(self.data[start : self.position])

    def number(self, size: int) -> int:
        """An unsigned number of `size` bytes in the dump's byte order."""
        return int.from_bytes(self.take(size), self.layout.byte_order)

    def u8(self) -> int:
        """A U8."""
        return self.number(1)

    def u32(self) -> int:
        """A U32."""
        return self.number(4)

    def uint(self) -> int:
        """A UINT."""
        return self.number(self.layout.uint_size)

    def ptr(self) -> int:
        """A PTR."""
        return self.number(self.layout.ptr_size)

    def string(self) -> bytes | None:
        """A STR; None where perl had NULL."""
        size = self.uint()
        return None if size == self.layout.null_length else self.take(size)

    def check_count(self, count: int, size_each: int, what: str) -> None:
        """Raise unless `count` things of at least `size_each` bytes fit into the rest of the data."""
        left = len(self.data) - self.position
        if count * size_each > left:
            raise self.error(
                f"truncated: the {self.section} at byte {self.position:,} ({count:,} {what}) "
                f"needs {count * size_each:,} bytes, {left:,} are left",
                self.position,
                TRUNCATED_HINT,
            )


def read_header(data: Buffer, path: str) -> tuple[Layout, int]:
    """The layout of a dump, and the offset of the first byte behind its header.

    Raises:
        DumpError: it is no dump, its version is not known, or it ends in the header.
    """
    _check_magic(data, path)
    cursor = Cursor(data, path, Layout(), 4)
    flags, zero, major, minor = cursor.u8(), cursor.u8(), cursor.u8(), cursor.u8()
    if flags & ~_KNOWN_FLAGS:
        raise cursor.error(f"unknown flags 0x{flags:02x} at byte 4: expected bits of 0x1f only", 4)
    if zero or major:
        raise cursor.error(f"format version {major} at byte 6 is not known: expected 0.0 to 0.{NEWEST_MINOR}", 6)
    if minor > NEWEST_MINOR:
        raise cursor.error(
            f"format version 0.{minor} at byte 7 is not known: expected 0.0 to 0.{NEWEST_MINOR}",
            7,
            "The dump comes from a newer Devel::MAT::Dumper. A newer pmat-lsp may read it.",
        )
    return _read_tables(cursor, flags, minor)


def _check_magic(data: Buffer, path: str) -> None:
    head = bytes(data[:4])
    if head != b"PMAT":
        found = "nothing: the file is empty" if not head else '"' + _printable(head) + '"'
        raise DumpError(path, f'not a heap dump: expected "PMAT" at byte 0, found {found}', offset=0)


def _printable(raw: bytes) -> str:
    return "".join(chr(c) if 0x20 <= c < 0x7F and c not in b'"\\' else f"\\x{c:02x}" for c in raw)


def _read_tables(cursor: Cursor, flags: int, minor: int) -> tuple[Layout, int]:
    basic = Layout(
        minor=minor,
        big_endian=bool(flags & 0x01),
        uint_size=8 if flags & 0x02 else 4,
        ptr_size=8 if flags & 0x04 else 4,
        nv_size=10 if flags & 0x08 else 8,
        ithreads=bool(flags & 0x10),
    )
    cursor.layout = basic
    version = cursor.u32()
    types = _read_sizes(cursor)
    # Before minor 4 there was one extension, magic, whose vtable pointer was not dumped.
    extensions = _read_sizes(cursor) if minor >= 4 else [(2, 2, 0)]
    contexts = _read_sizes(cursor) if minor >= 2 else []
    layout = Layout(
        **{
            **basic.__dict__,
            "perl_version": (version >> 24, (version >> 16) & 0xFF, version & 0xFFFF),
            "type_sizes": _size_table(types, 256),
            "type_count": len(types),
            "extension_sizes": _size_table(extensions, 128),
            "extension_count": min(len(extensions), 128),
            "context_sizes": tuple(contexts),
        }
    )
    _check_common_sizes(cursor, layout)
    return layout, cursor.position


def _read_sizes(cursor: Cursor) -> list[tuple[int, int, int]]:
    return [(cursor.u8(), cursor.u8(), cursor.u8()) for _ in range(cursor.u8())]


def _size_table(rows: list[tuple[int, int, int]], length: int) -> npt.NDArray[np.uint8]:
    table = np.zeros((length, 3), np.uint8)
    if rows:
        table[: min(len(rows), length)] = rows[:length]
    return table


def _check_common_sizes(cursor: Cursor, layout: Layout) -> None:
    """Every record must be long enough to hold an address: the number of records is then bounded by the file's size."""
    header, pointers, strings = (int(x) for x in layout.type_sizes[0])
    needed = layout.ptr_size + 4 + layout.uint_size
    if header < needed or pointers < 1 or strings:
        raise cursor.error(
            f"damaged: the table of record sizes says that an SV has {header} bytes, {pointers} pointers and "
            f"{strings} strings; expected at least {needed} bytes, 1 pointer, no string",
            13,
        )
