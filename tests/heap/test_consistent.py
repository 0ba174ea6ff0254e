"""An index whose numbers lead out of its arrays is refused, though its checksums are right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pmat_lsp.format.container import read_dump
from pmat_lsp.format.dumpfile import DumpFile
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
