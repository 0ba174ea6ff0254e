"""The heap on disk: written once, mapped into memory ever after.

The file: 24 bytes (magic, offset, length and checksum of the header), then the columns, each aligned to 64 bytes, as
they lie in memory on a little-endian machine, then the header in msgpack (schema, identity of the dump, everything that
is small, the table of columns). The header is the last, since columns are written before the others are known. Every
column has a checksum. Nothing in it is code, and nothing in it is trusted: what does not fit is `IndexDamaged`, and the
index is built anew.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgpack
import numpy as np
import numpy.typing as npt

from pmat_lsp.format.dumpfile import DumpFile
from pmat_lsp.format.header import Layout
from pmat_lsp.heap import model
from pmat_lsp.heap.model import Context, Heap, Root, StructType
from pmat_lsp.heap.strings import Strings

if TYPE_CHECKING:
    from concurrent.futures import Future

SCHEMA = 3
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
}
_SMALL = ("path", "layout", "data", "n", "strings", "struct_types", "roots", "contexts", "class_fields", "warnings")

Identity = dict[str, Any]
"""What tells one dump from another: see `heap.cache.identify`."""


class IndexDamaged(Exception):
    """The file is no index, of another schema, of another dump, or not whole."""


class IndexWriter:
    """Writes an index while its heap is still being made: a thread writes what is known already.

    Used by `with`: at its end, nothing is being written any more.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Write to a file that is open for writing and empty."""
        # Here, since most of those who import this module only read.
        from concurrent.futures import ThreadPoolExecutor

        self._file = file
        self._end = _aligned(_PREAMBLE)
        self._rows: dict[str, Future[list[Any]]] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pmat-index")

    def __enter__(self) -> IndexWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def add(self, name: str, column: npt.NDArray[Any]) -> None:
        """Write a column, now or soon; from here on it must not change."""
        offset, self._end = self._end, _aligned(self._end + column.nbytes)
        self._rows[name] = self._thread.submit(self._write, name, column, offset)

    def finish(self, heap: Heap, identity: Identity) -> None:
        """Write everything that has not been written yet.

        Raises:
            OSError: this or an earlier column cannot be written.
        """
        for name, column in _columns_of(heap):
            if name not in self._rows:
                self.add(name, column)
        table = [row.result() for row in self._rows.values()]
        header = msgpack.packb(
            {"schema": SCHEMA, "identity": identity, "columns": table, "small": _small(heap)},
            unicode_errors="surrogatepass",
        )
        self._file.seek(self._end)
        self._file.write(header)
        self._file.seek(0)
        numbers = ((self._end, 8), (len(header), 4), (zlib.crc32(header), 4))
        self._file.write(_MAGIC + b"".join(number.to_bytes(size, "little") for number, size in numbers))

    def _write(self, name: str, column: npt.NDArray[Any], offset: int) -> list[Any]:
        """Returns the column's row of the table in the header."""
        self._file.seek(offset)
        self._file.write(np.ascontiguousarray(column).view(np.uint8).data)
        return [name, column.dtype.str, len(column), offset, _checksum(column)]


def read_index(path: Path, identity: Identity, dump: Path, data: DumpFile) -> Heap:
    """The heap of an index, its columns mapped, not read.

    Args:
        path: the index.
        identity: of the dump that it must be about.
        dump: the dump as the user named it.
        data: the dump's bytes.

    Raises:
        IndexDamaged: it is not a whole index of that dump in this schema.
        OSError: it cannot be read.
    """
    try:
        header = _read_header(path)
        if header["schema"] != SCHEMA or header["identity"] != identity:
            raise IndexDamaged("another schema or another dump")
        columns = dict(_map_columns(path, header["columns"]))
        return _heap(columns, header["small"], dump, data)
    except (KeyError, TypeError, ValueError, msgpack.exceptions.UnpackException) as error:
        raise IndexDamaged(str(error)) from error


def read_identity(path: Path) -> Identity:
    """What the index at `path` says that it is about.

    Raises:
        IndexDamaged: it is no index.
        OSError: it cannot be read.
    """
    try:
        identity: Identity = _read_header(path)["identity"]
        return identity
    except (KeyError, TypeError, ValueError, msgpack.exceptions.UnpackException) as error:
        raise IndexDamaged(str(error)) from error


# Columns -----------------------------------------------------------------------------------------------------------


def _columns_of(heap: Heap) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Every array of a heap by name; those of a table as `codes.line`."""
    for field in fields(heap):
        value = getattr(heap, field.name)
        if isinstance(value, np.ndarray):
            yield field.name, value
        elif field.name in _TABLES:
            for inner in fields(value):
                yield f"{field.name}.{inner.name}", getattr(value, inner.name)
    yield "strings.text", heap.strings.text
    yield "strings.start", heap.strings.start


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT


def _checksum(column: npt.NDArray[Any]) -> int:
    """A sum over the bytes in words of 8: as fast as memory, and changed by any one changed bit."""
    raw = np.ascontiguousarray(column).view(np.uint8)
    whole = len(raw) // 8 * 8
    words, rest = raw[:whole].view(np.uint64), bytes(raw[whole:])
    return (int(np.add.reduce(words, dtype=np.uint64)) + int.from_bytes(rest, "little")) & 0xFFFFFFFFFFFFFFFF


def _read_header(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
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


def _map_columns(path: Path, table: list[list[Any]]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    mapped = np.memmap(path, np.uint8, "r") if os.path.getsize(path) else np.zeros(0, np.uint8)
    for name, dtype, length, offset, checksum in table:
        kind = np.dtype(dtype)
        size = kind.itemsize * length
        if kind.kind not in "iu" or min(length, offset) < 0 or offset + size > len(mapped):
            raise IndexDamaged(f"column {name} is cut off")
        column = np.asarray(mapped)[offset : offset + size].view(kind)
        if _checksum(column) != checksum:
            raise IndexDamaged(f"column {name} is damaged")
        yield name, column


# Everything small --------------------------------------------------------------------------------------------------


def _small(heap: Heap) -> dict[str, Any]:
    layout = {**heap.layout.__dict__}
    layout["type_sizes"] = heap.layout.type_sizes.tobytes()
    layout["extension_sizes"] = heap.layout.extension_sizes.tobytes()
    return {
        "n": heap.n,
        "layout": layout,
        "roots": [list(asdict(root).values()) for root in heap.roots],
        "contexts": [list(asdict(context).values()) for context in heap.contexts],
        "struct_types": {key: [kind.name, kind.fields] for key, kind in heap.struct_types.items()},
        "class_fields": heap.class_fields,
        "warnings": heap.warnings,
    }


def _layout(small: dict[str, Any]) -> Layout:
    small["type_sizes"] = np.frombuffer(small["type_sizes"], np.uint8).reshape(256, 3)
    small["extension_sizes"] = np.frombuffer(small["extension_sizes"], np.uint8).reshape(128, 3)
    small["perl_version"] = tuple(small["perl_version"])
    small["context_sizes"] = tuple(tuple(row) for row in small["context_sizes"])
    return Layout(**small)


def _heap(columns: dict[str, npt.NDArray[Any]], small: dict[str, Any], dump: Path, data: DumpFile) -> Heap:
    tables: dict[str, Any] = {
        name: kind(**{inner.name: columns[f"{name}.{inner.name}"] for inner in fields(kind)})
        for name, kind in _TABLES.items()
        if is_dataclass(kind)
    }
    plain: dict[str, Any] = {
        field.name: columns[field.name]
        for field in fields(Heap)
        if field.name not in _TABLES and field.name not in _SMALL
    }
    return Heap(
        path=dump,
        layout=_layout(small["layout"]),
        data=data,
        n=small["n"],
        strings=Strings(columns["strings.text"], columns["strings.start"]),
        struct_types={
            key: StructType(name, tuple((field, kind) for field, kind in kinds))
            for key, (name, kinds) in small["struct_types"].items()
        },
        roots=tuple(Root(*row) for row in small["roots"]),
        contexts=tuple(Context(*row) for row in small["contexts"]),
        class_fields=small["class_fields"],
        warnings=tuple(small["warnings"]),
        **tables,
        **plain,
    )
