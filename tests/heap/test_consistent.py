"""An index whose numbers lead out of its arrays, or whose header is odd, is refused, though its checksums are right."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest

from pmat_lsp.format.container import read_dump
from pmat_lsp.format.dumpfile import DumpFile
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap import index
from pmat_lsp.heap.cache import Cache, identify
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.opening import open_heap
from tests.dumps import own_dumps
from tests.same import assert_same

COURIER = next(path for path in own_dumps() if path.name.startswith("courier"))
HUGE = 1 << 30


def rewrite(path: Path, name: str = "", number: int | None = None) -> None:
    """Write an index anew with a column that has another number in its middle, or where there is none half the rows."""
    with open(path, "rb") as file:
        header = index._read_header(file)
        columns = {key: column.copy() for key, column in index._map_columns(file, header["columns"])}
    if name:
        middle = len(columns[name]) // 2
        if number is None:
            columns[name] = columns[name][:middle]
        else:
            columns[name][middle] = number
    path.unlink()
    with open(path, "w+b") as file:
        writer = index.IndexWriter(file, 0)
        for key, column in columns.items():
            writer.add(key, column)
        writer.finish(header["identity"], header["small"])


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real dump, not compressed."""
    path = tmp_path_factory.mktemp("dump") / "courier.pmat"
    path.write_bytes(read_dump(COURIER))
    return path


@pytest.fixture(scope="module")
def built(dump: Path) -> Path:
    """An index that is right."""
    cache = Cache(dump.parent / "cache")
    open_heap(dump, cache=cache)
    return cache.index_of(identify(dump))


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoiled."""
    return Path(shutil.copy(built, tmp_path / built.name))


def read(path: Path, dump: Path) -> Heap:
    return index.read_index(path, identify(dump), dump, DumpFile(dump))


def test_an_index_that_is_written_anew_unchanged_is_taken(dump: Path, built: Path, copied: Path) -> None:
    rewrite(copied)
    assert_same(read(copied, dump), read(built, dump))


def test_an_index_that_is_refused_is_built_anew(dump: Path, built: Path, copied: Path) -> None:
    rewrite(copied, "out_target", HUGE)
    assert_same(open_heap(dump, cache=Cache(copied.parent)), read(built, dump))


@pytest.mark.parametrize(
    "name",
    [
        *("kind", "flags", "refcount", "size", "offset", "length", "out_start", "out_target", "out_kind"),
        *("out_strength", "out_detail", "in_start", "in_ref", "address.key", "address.bits", "address.rank"),
        *("blessed.row", "blessed.value", "codes.sv", "codes.stash", "globs.name", "padnames.code", "strings.start"),
    ],
)
def test_a_column_that_is_too_short_is_refused(dump: Path, copied: Path, name: str) -> None:
    rewrite(copied, name)
    with pytest.raises(index.IndexDamaged):
        read(copied, dump)


@pytest.mark.parametrize("number", [HUGE, -HUGE], ids=["high", "low"])
@pytest.mark.parametrize(
    "name",
    [
        *("out_start", "out_target", "in_start", "in_ref", "address.rank", "blessed.row", "blessed.value"),
        *("codes.sv", "codes.stash", "codes.file", "globs.name", "stashes.sv", "padnames.code", "strings.start"),
    ],
)
def test_a_number_that_leads_out_of_the_heap_is_refused(dump: Path, copied: Path, name: str, number: int) -> None:
    rewrite(copied, name, number)
    with pytest.raises(index.IndexDamaged):
        read(copied, dump)


@pytest.mark.parametrize(
    ("name", "number"),
    [("kind", Kind.CODE), ("kind", Kind.IO), ("out_kind", 200), ("refcount", 0xFF), ("length", 0xFFFF)],
)
def test_an_sv_without_its_row_of_a_table_and_a_reference_of_no_kind_are_refused(
    dump: Path, copied: Path, name: str, number: int
) -> None:
    rewrite(copied, name, number)
    with pytest.raises(index.IndexDamaged):
        read(copied, dump)


def set_in(*where: Any, value: Any) -> Callable[[dict[str, Any]], object]:
    """A change of a header: a value at a path of keys and numbers."""

    def change(header: Any) -> object:
        inner = header
        for key in where[:-1]:
            inner = inner[key]
        inner[where[-1]] = value
        return header

    return change


HEADERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no mapping": lambda _: [1],
    "nothing": lambda _: {},
    "no table": set_in("columns", value=None),
    "a column beyond the file": set_in("columns", 0, 3, value=1 << 40),
    "a column before the file": set_in("columns", 0, 3, value=-8),
    "a column of fractions": set_in("columns", 0, 1, value="<f8"),
    "a column of objects": set_in("columns", 0, 1, value="O"),
    "a column of no type": set_in("columns", 0, 1, value="odd"),
    "no small parts": set_in("small", value={}),
    "a root that is no SV": set_in("small", "roots", 0, 2, value=HUGE),
    "another alignment": set_in("small", "alignment", value=64),
}


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS)
def test_an_odd_header_is_refused(dump: Path, copied: Path, change: Callable[[dict[str, Any]], object]) -> None:
    raw = copied.read_bytes()
    with open(copied, "rb") as file:
        header = index._read_header(file)
    packed = msgpack.packb(change(header), unicode_errors="surrogatepass")
    at = int.from_bytes(raw[8:16], "little")
    numbers = ((at, 8), (len(packed), 4), (zlib.crc32(packed), 4))
    preamble = raw[:8] + b"".join(number.to_bytes(size, "little") for number, size in numbers)
    copied.write_bytes(preamble + raw[len(preamble) : at] + packed)
    with pytest.raises(index.IndexDamaged):
        read(copied, dump)
