"""The heap on disk: written once, mapped into memory ever after.

The file: 24 bytes (magic, offset, length and checksum of the header), then the columns, each aligned to 64 bytes, as
they lie in memory on a little-endian machine, then the header in msgpack (schema, identity of the dump, everything that
is small, the table of columns). The header is the last, since columns are written before the others are known. Every
column has a checksum (XXH3). Nothing in it is code, and nothing in it is trusted: what does not fit is `IndexDamaged`,
and the index is built anew.
"""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgpack
import numpy as np
import numpy.typing as npt
import xxhash

from pmat_lsp.format.dumpfile import DumpFile
from pmat_lsp.format.header import Buffer, Layout
from pmat_lsp.heap import model
from pmat_lsp.heap.addresses import Addresses
from pmat_lsp.heap.consistent import misfit
from pmat_lsp.heap.model import Heap, Root, StructType
from pmat_lsp.heap.packed import Packed
from pmat_lsp.heap.sparse import Sparse
from pmat_lsp.heap.strings import Strings

I32 = npt.NDArray[np.int32]

SCHEMA = 6
"""Goes up with every change of the columns or of what they mean."""

_MAGIC = b"PMATIDX\n"
_PREAMBLE = 24
_ALIGNMENT = 64
_TABLES: dict[str, type] = {
    "codes": model.CodeTable,
    "globs": model.GlobTable,
    "ios": model.IoTable,
    "stashes": model.StashTable,
    "padnames": model.PadnameTable,
    "extensions": model.ExtensionTable,
    "contexts": model.ContextTable,
}
_PLAIN = (
    "kind",
    "flags",
    "out_start",
    "out_target",
    "out_kind",
    "out_strength",
    "in_start",
    "in_ref",
    "stack",
    "mortals",
)


@dataclass(frozen=True)
class Packing:
    """How a packed column lies in the file."""

    narrow: type[np.unsignedinteger[Any]]
    wide: type[np.integer[Any]]
    lowest: int = 0
    is_offset: bool = False
    """Whether it has bytes of the dump, which need 64 bits in a file of 4 GiB and more."""


SPARSE = ("blessed", "owner")
PACKINGS = {
    "refcount": Packing(np.uint8, np.uint32),
    "size": Packing(np.uint16, np.uint64),
    "offset": Packing(np.uint32, np.int64, is_offset=True),
    "length": Packing(np.uint16, np.int64, lowest=-1),
    "out_detail": Packing(np.uint32, np.int64, is_offset=True),
}

Identity = dict[str, Any]
"""What tells one dump from another: see `heap.cache.identify`."""


class IndexDamaged(Exception):
    """The file is no index, of another schema, of another dump, or not whole."""


class ColumnWriter:
    """A column that is written from its start to its end, piece by piece."""

    def __init__(self, file: BinaryIO, name: str, dtype: npt.DTypeLike, offset: int) -> None:
        self._file = file
        self._name = name
        self._dtype = np.dtype(dtype)
        self._offset = offset
        self._checksum = xxhash.xxh3_64()
        self._bytes = 0

    def append(self, values: npt.NDArray[Any]) -> None:
        """Write the next values.

        Raises:
            OSError: they cannot be written.
        """
        raw = np.ascontiguousarray(values, self._dtype).view(np.uint8).data
        self._file.seek(self._offset + self._bytes)
        self._file.write(raw)
        self._checksum.update(raw)
        self._bytes += len(raw)

    def to_fill(self, length: int) -> npt.NDArray[Any]:
        """See `IndexWriter.to_fill`."""
        if not length:
            return np.zeros(0, self._dtype)
        _make_room(self._file, self._offset, length * self._dtype.itemsize)
        return np.memmap(self._file, self._dtype, "r+", self._offset, (length,)).view(np.ndarray)

    def filled(self, values: npt.NDArray[Any]) -> None:
        """See `IndexWriter.filled`."""
        self._checksum.update(values.view(np.uint8).data)
        self._bytes = values.nbytes

    def row(self) -> list[Any]:
        """The column's row of the table in the header."""
        length = self._bytes // self._dtype.itemsize
        return [self._name, self._dtype.str, length, self._offset, self._checksum.intdigest()]

    def mapped(self) -> npt.NDArray[Any]:
        """What has been written, mapped; for reading."""
        self._file.flush()
        length = self._bytes // self._dtype.itemsize
        if not length:
            return np.zeros(0, self._dtype)
        return np.memmap(self._file, self._dtype, "r", self._offset, (length,))


class PackedWriter:
    """A column of `heap.packed` that is written piece by piece."""

    def __init__(self, index: IndexWriter, name: str, packing: Packing, most: int, wide_file: bool) -> None:
        self._index = index
        self._name = name
        self._packing = packing
        self._narrow_type = np.dtype(np.uint64 if wide_file and packing.is_offset else packing.narrow)
        self._absent = int(np.iinfo(self._narrow_type).max)
        self._narrow = index.column(name, self._narrow_type, most)
        self._rows: list[I32] = []
        self._values: list[npt.NDArray[Any]] = []
        self._written = 0

    def append(self, values: npt.NDArray[Any]) -> None:
        """Write the next values.

        Raises:
            OSError: they cannot be written.
        """
        # In the arithmetic of unsigned numbers, one that is too low becomes one that is too high.
        unsigned = values.view(np.uint64) if values.dtype == np.int64 else values
        if self._packing.lowest:
            unsigned = unsigned - unsigned.dtype.type(self._packing.lowest & 0xFFFFFFFFFFFFFFFF)
        narrow = unsigned.astype(self._narrow_type)
        absent = np.flatnonzero(unsigned >= self._absent)
        if len(absent):
            narrow[absent] = self._absent
            self._rows.append((absent + self._written).astype(np.int32))
            self._values.append(values[absent])
        self._narrow.append(narrow)
        self._written += len(values)

    def finish(self) -> Packed[Any]:
        """Write the table of those that did not fit; the column, mapped.

        Raises:
            OSError: it cannot be written.
        """
        rows = np.concatenate([np.zeros(0, np.int32), *self._rows])
        values = np.concatenate([np.zeros(0, self._packing.wide), *self._values])
        self._index.add(f"{self._name}.row", rows)
        self._index.add(f"{self._name}.value", values)
        return Packed(self._narrow.mapped(), rows, values, self._packing.lowest)


class IndexWriter:
    """Writes an index, column by column."""

    def __init__(self, file: BinaryIO, dump_size: int) -> None:
        """Write to a file that is open for writing and reading, and empty; of a dump of so many bytes."""
        self._file = file
        self._dump_size = dump_size
        self._end = _aligned(_PREAMBLE)
        self._columns: list[ColumnWriter] = []
        self._to_fill: dict[str, ColumnWriter] = {}

    def column(self, name: str, dtype: npt.DTypeLike, most: int) -> ColumnWriter:
        """A column of at most so many numbers, which follow."""
        writer = ColumnWriter(self._file, name, dtype, self._end)
        self._end = _aligned(self._end + most * np.dtype(dtype).itemsize)
        self._columns.append(writer)
        return writer

    def packed(self, name: str, most: int) -> PackedWriter:
        """A packed column of at most so many numbers, which follow."""
        return PackedWriter(self, name, PACKINGS[name], most, self._dump_size >= 1 << 32)

    def add(self, name: str, column: npt.NDArray[Any]) -> None:
        """Write a column that is whole.

        Raises:
            OSError: it cannot be written.
        """
        self.column(name, column.dtype, len(column)).append(column)

    def to_fill(self, name: str, dtype: npt.DTypeLike, most: int) -> npt.NDArray[Any]:
        """A column of at most so many numbers, zeros at first, which are written in any order; then it is `filled`.

        It is the file that is written to: it takes no memory of this process.

        Raises:
            OSError: the file cannot be made so long.
        """
        writer = self.column(name, dtype, most)
        self._to_fill[name] = writer
        return writer.to_fill(most)

    def filled(self, name: str, values: npt.NDArray[Any]) -> None:
        """Say that these, the first ones of a column `to_fill`, are as they are to be."""
        self._to_fill.pop(name).filled(values)

    def add_table(self, name: str, table: object) -> None:
        """Write the columns of a table.

        Raises:
            OSError: they cannot be written.
        """
        for field in fields(table):  # type: ignore[arg-type]
            self.add(f"{name}.{field.name}", getattr(table, field.name))

    def add_sparse(self, name: str, row: I32, value: I32) -> None:
        """Write a sparse column.

        Raises:
            OSError: it cannot be written.
        """
        self.add(f"{name}.row", row)
        self.add(f"{name}.value", value)

    def finish(self, identity: Identity, small: dict[str, Any]) -> None:
        """Write the header.

        Raises:
            OSError: it cannot be written.
        """
        table = [column.row() for column in self._columns]
        header = msgpack.packb(
            {"schema": SCHEMA, "identity": identity, "columns": table, "small": small},
            unicode_errors="surrogatepass",
        )
        self._file.seek(self._end)
        self._file.write(header)
        self._file.seek(0)
        numbers = ((self._end, 8), (len(header), 4), (zlib.crc32(header), 4))
        self._file.write(_MAGIC + b"".join(number.to_bytes(size, "little") for number, size in numbers))
        self._file.flush()


def read_index(path: Path, identity: Identity, dump: Path, data: DumpFile) -> Heap:
    """The heap of the index at `path`: see `read_open_index`."""
    with open(path, "rb") as file:
        return read_open_index(file, identity, dump, data)


def read_open_index(file: BinaryIO, identity: Identity, dump: Path, data: Buffer | DumpFile) -> Heap:
    """The heap of an index, its columns mapped, not read.

    Args:
        file: the index, open for reading.
        identity: of the dump that it must be about.
        dump: the dump as the user named it.
        data: the dump's bytes.

    Raises:
        IndexDamaged: it is not a whole index of that dump in this schema.
        OSError: it cannot be read.
    """
    try:
        header = _read_header(file)
        if header["schema"] != SCHEMA or header["identity"] != identity:
            raise IndexDamaged("another schema or another dump")
        columns = dict(_map_columns(file, header["columns"]))
        if damaged := misfit(columns, header["small"]["alignment"]):
            raise IndexDamaged(f"column {damaged} does not fit the others")
        heap = _heap(columns, header["small"], dump, data)
        if not all(0 <= root.sv < heap.n + 3 for root in heap.roots):
            raise IndexDamaged("a root is no SV")
        return heap
    except (KeyError, TypeError, ValueError, msgpack.exceptions.UnpackException) as error:
        raise IndexDamaged(str(error)) from error


def read_identity(path: Path) -> Identity:
    """What the index at `path` says that it is about.

    Raises:
        IndexDamaged: it is no index.
        OSError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            identity: Identity = _read_header(file)["identity"]
        return identity
    except (KeyError, TypeError, ValueError, msgpack.exceptions.UnpackException) as error:
        raise IndexDamaged(str(error)) from error


def _make_room(file: BinaryIO, offset: int, size: int) -> None:
    """Reserve disk space for `size` bytes at `offset`, so that a full disk raises an error here.

    Without it the kernel kills the process when it writes to the mapped file.

    Raises:
        OSError: the disk is full.
    """
    if os.fstat(file.fileno()).st_size < offset + size:
        file.truncate(offset + size)
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), offset, size)
        except OSError as error:
            # Not every file system supports it.
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise


# Columns -----------------------------------------------------------------------------------------------------------


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT


def _read_header(file: BinaryIO) -> dict[str, Any]:
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    head = file.read(_PREAMBLE)
    offset, length = int.from_bytes(head[8:16], "little"), int.from_bytes(head[16:20], "little")
    if head[:8] != _MAGIC or offset + length > size:
        raise IndexDamaged("no index, or cut off")
    file.seek(offset)
    raw = file.read(length)
    if zlib.crc32(raw) != int.from_bytes(head[20:], "little"):
        raise IndexDamaged("the header is damaged")
    header = msgpack.unpackb(raw, strict_map_key=False, unicode_errors="surrogatepass")
    if not isinstance(header, dict):
        raise IndexDamaged("no header")
    return header


def _map_columns(file: BinaryIO, table: list[list[Any]]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    mapped = np.asarray(np.memmap(file, np.uint8, "r"))
    for name, dtype, length, offset, checksum in table:
        kind = np.dtype(dtype)
        size = kind.itemsize * length
        if kind.kind not in "iu" or min(length, offset) < 0 or offset + size > len(mapped):
            raise IndexDamaged(f"column {name} is cut off")
        raw = mapped[offset : offset + size]
        if xxhash.xxh3_64_intdigest(raw.data) != checksum:
            raise IndexDamaged(f"column {name} is damaged")
        yield name, raw.view(kind)


# Everything small --------------------------------------------------------------------------------------------------


def small_parts(
    layout: Layout,
    addresses: Addresses,
    roots: Iterable[Root],
    struct_types: dict[int, StructType],
    class_fields: dict[int, dict[int, str]],
    warnings: Iterable[str],
    replaced: int,
) -> dict[str, Any]:
    """What of a heap is no column, for the header."""
    tables = {"type_sizes": layout.type_sizes.tobytes(), "extension_sizes": layout.extension_sizes.tobytes()}
    return {
        "layout": {**layout.__dict__, **tables},
        "alignment": addresses.alignment,
        "roots": [list(asdict(root).values()) for root in roots],
        "struct_types": {key: [kind.name, kind.fields] for key, kind in struct_types.items()},
        "class_fields": class_fields,
        "warnings": list(warnings),
        "replaced": replaced,
    }


def _layout(small: dict[str, Any]) -> Layout:
    small["type_sizes"] = np.frombuffer(small["type_sizes"], np.uint8).reshape(256, 3)
    small["extension_sizes"] = np.frombuffer(small["extension_sizes"], np.uint8).reshape(128, 3)
    small["perl_version"] = tuple(small["perl_version"])
    small["context_sizes"] = tuple(tuple(row) for row in small["context_sizes"])
    return Layout(**small)


def _heap(columns: dict[str, npt.NDArray[Any]], small: dict[str, Any], dump: Path, data: Buffer | DumpFile) -> Heap:
    tables: dict[str, Any] = {
        name: kind(**{inner.name: columns[f"{name}.{inner.name}"] for inner in fields(kind)})
        for name, kind in _TABLES.items()
        if is_dataclass(kind)
    }
    packed: dict[str, Any] = {
        name: Packed(columns[name], columns[f"{name}.row"], columns[f"{name}.value"], packing.lowest)
        for name, packing in PACKINGS.items()
    }
    key, bits, rank, immortals = (columns[f"address.{part}"] for part in ("key", "bits", "rank", "immortals"))
    plain: dict[str, Any] = {name: columns[name] for name in _PLAIN}
    sparse: dict[str, Any] = {
        name: Sparse(columns[f"{name}.row"], columns[f"{name}.value"], int(rank[-1]) + 3) for name in SPARSE
    }
    return Heap(
        path=dump,
        layout=_layout(small["layout"]),
        data=data,
        n=int(rank[-1]),
        address=Addresses(key, bits, rank, small["alignment"], immortals),
        strings=Strings(columns["strings.text"], columns["strings.start"]),
        struct_types={
            key: StructType(name, tuple((field, kind) for field, kind in kinds))
            for key, (name, kinds) in small["struct_types"].items()
        },
        roots=tuple(Root(*row) for row in small["roots"]),
        class_fields=small["class_fields"],
        warnings=tuple(small["warnings"]),
        replaced=small["replaced"],
        **tables,
        **packed,
        **sparse,
        **plain,
    )
