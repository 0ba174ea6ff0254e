"""An index gives the heap that the dump gives; one that is not whole, stale or foreign is built anew."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from pmat_lsp.errors import DumpError
from pmat_lsp.heap import building, index, indexer, locks, opening
from pmat_lsp.heap.cache import Cache, identify
from pmat_lsp.heap.load import load
from pmat_lsp.heap.opening import open_heap
from pmat_lsp.heap.progress import Cancelled
from pmat_lsp.heap.values import file_facts
from tests.dump_writer import small_dump
from tests.dumps import ROOT, corpus_dumps, named, own_dumps
from tests.same import assert_same

either_way = pytest.mark.usefixtures("way")
ONE_OF_EACH = [path for path in corpus_dumps() if path.name.startswith(("h_", "j2_", "o_", "q_"))]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache of the test's own."""
    return Cache(tmp_path / "cache")


@pytest.fixture(params=["forked", "spawned"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the child is started."""
    way: str = request.param
    if way == "forked" and sys.platform != "linux":
        pytest.skip("a child is forked on Linux alone")
    monkeypatch.setattr(building, "may_fork", lambda: way == "forked")
    return way


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A dump that the test may spoil."""
    return small_dump(tmp_path / "app.pmat")


@pytest.mark.parametrize("path", named([*own_dumps()[:6], *ONE_OF_EACH]))
def test_the_index_of_a_dump_is_its_heap(path: Path, cache: Cache) -> None:
    heap = open_heap(path, cache=cache)
    assert_same(heap, load(path))
    assert file_facts(heap) == file_facts(load(path))
    assert isinstance(heap.kind.base, np.memmap) or heap.kind.base is not None


def test_the_second_opening_starts_no_child(dump: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    open_heap(dump, cache=cache)
    monkeypatch.setattr(building, "build_index", None)
    assert open_heap(dump, cache=cache).n == 4


def test_a_dump_that_has_changed_is_read_anew(dump: Path, cache: Cache) -> None:
    assert open_heap(dump, cache=cache).n == 4
    small_dump(dump, svs=9)
    assert open_heap(dump, cache=cache).n == 10


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_index_is_built_anew(dump: Path, cache: Cache, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    open_heap(dump, cache=cache)
    whole = load(dump)
    path = cache.index_of(identify(dump))
    raw = bytearray(path.read_bytes())
    chance = random.Random(seed)
    if seed % 2:
        del raw[chance.randrange(len(raw)) :]
    else:
        at = chance.randrange(len(raw))
        raw[at] ^= 1 << chance.randrange(8)
    path.write_bytes(raw)
    with caplog.at_level("INFO"):
        assert_same(open_heap(dump, cache=cache), whole)
    assert path.read_bytes() != raw or "built anew" not in caplog.text
    assert sum("built anew" in record.message for record in caplog.records) <= 1


def test_every_byte_of_the_columns_is_guarded(dump: Path, cache: Cache) -> None:
    open_heap(dump, cache=cache)
    path = cache.index_of(identify(dump))
    raw = path.read_bytes()
    with open(path, "rb") as file:
        header = index._read_header(file)
    for _, dtype, length, offset, _ in header["columns"]:
        size = np.dtype(dtype).itemsize * length
        for at in (offset, offset + size - 1) if size else ():
            damaged = bytearray(raw)
            damaged[at] ^= 0x10
            path.write_bytes(damaged)
            with pytest.raises(index.IndexDamaged, match="damaged"), open(path, "rb") as file:
                list(index._map_columns(file, header["columns"]))


def test_an_index_of_another_schema_or_dump_is_not_used(
    dump: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_heap(dump, cache=cache)
    path = cache.index_of(identify(dump))
    with pytest.raises(index.IndexDamaged, match="another"):
        index.read_index(path, {"path": b"other"}, dump, None)  # type: ignore[arg-type]
    monkeypatch.setattr(index, "SCHEMA", index.SCHEMA + 1)
    with pytest.raises(index.IndexDamaged, match="another"):
        index.read_index(path, identify(dump), dump, None)  # type: ignore[arg-type]


def test_two_openings_at_once_do_not_hurt_each_other(dump: Path, cache: Cache) -> None:
    script = (
        "import sys; from pathlib import Path; from pmat_lsp.heap.opening import open_heap; "
        "from pmat_lsp.heap.cache import Cache; print(open_heap(Path(sys.argv[1]), cache=Cache(Path(sys.argv[2]))).n)"
    )
    command = [sys.executable, "-c", script, str(dump), str(cache.folder)]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [child.communicate(timeout=60)[0].strip() for child in running] == ["4"] * 3
    assert [entry.path.suffix for entry in cache.entries()] == [".pmatidx"]


@either_way
def test_damaged_dumps_are_refused_as_they_are_without_a_child(dump: Path, cache: Cache) -> None:
    raw = dump.read_bytes()
    dump.write_bytes(raw[:-60])
    with pytest.raises(DumpError) as through_child:
        open_heap(dump, cache=cache)
    with pytest.raises(DumpError) as direct:
        load(dump)
    assert str(through_child.value) == str(direct.value)
    assert (through_child.value.offset, through_child.value.hint) == (direct.value.offset, direct.value.hint)
    assert cache.entries() == []


@either_way
def test_cancelling_ends_the_child_at_once_and_leaves_nothing(cache: Cache, demo_dump: Path) -> None:
    started = threading.Event()

    def progress(*_: object) -> None:
        started.set()

    before = time.monotonic()
    with pytest.raises(Cancelled):
        open_heap(demo_dump, cache=cache, progress=progress, cancelled=lambda: True)
    assert time.monotonic() - before < 30
    assert cache.entries() == []


@either_way
def test_a_child_that_is_ended_while_it_writes_leaves_nothing(cache: Cache, demo_dump: Path) -> None:
    begun: list[Path] = []

    def progress(stage: str, *_: int) -> None:
        begun.extend(cache.folder.iterdir())
        if stage == "linking":
            raise Cancelled

    with pytest.raises(Cancelled):
        open_heap(demo_dump, cache=cache, progress=progress)
    assert any(path.name.endswith(".tmp") for path in begun)
    assert list(cache.folder.iterdir()) == []


@either_way
def test_a_limit_on_memory_stops_the_child_with_a_clear_error(cache: Cache, demo_dump: Path) -> None:
    with pytest.raises(DumpError, match=r"takes more memory than the 10\.0 MiB that are allowed") as caught:
        open_heap(demo_dump, cache=cache, memory_limit=10 << 20)
    assert "--memory-limit" in caught.value.hint


@either_way
def test_a_child_that_is_killed_is_told_of(
    way: str, cache: Cache, demo_dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = getattr(building, f"_{way}")

    def killed(*arguments: object) -> object:
        child = start(*arguments)
        os.kill(child.pid, signal.SIGKILL)
        return child

    monkeypatch.setattr(building, f"_{way}", killed)
    with pytest.raises(DumpError, match="the process that reads it has ended with status -9"):
        open_heap(demo_dump, cache=cache)


def test_a_fault_of_the_reader_is_not_blamed_on_the_dump(
    cache: Cache, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("sv")

    monkeypatch.setattr(building, "may_fork", lambda: True)
    monkeypatch.setattr(indexer, "write_index", fails)
    with pytest.raises(
        DumpError, match=r"failed while it was reading this dump: KeyError: 'sv' \(\w+\.py:\d+\)"
    ) as caught:
        open_heap(dump, cache=cache)
    assert "Please report it" in caught.value.hint
    assert cache.entries() == []


@either_way
def test_progress_tells_of_the_bytes_read(cache: Cache, demo_dump: Path) -> None:
    told: list[tuple[str, int, int]] = []
    open_heap(demo_dump, cache=cache, progress=lambda *step: told.append(step))
    assert told[0][0] == "reading"
    assert all(0 <= done <= total for _, done, total in told)


@either_way
def test_a_cache_that_cannot_be_written_is_no_obstacle(dump: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert_same(open_heap(dump, cache=Cache(blocked / "cache")), load(dump))
    assert blocked.read_text() == "not a folder"


def test_where_no_index_can_be_written_at_all_the_user_is_told_what_to_do(
    dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setattr(tempfile, "tempdir", str(blocked))
    with pytest.raises(DumpError, match="index cannot be written") as caught:
        open_heap(dump, cache=Cache(blocked))
    assert "PMAT_LSP_CACHE" in caught.value.hint


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    new, middle, old = (folder / f"{digit * 32}.pmatidx" for digit in "abc")
    for age, path in enumerate([new, middle, old]):
        path.write_bytes(bytes(100))
        os.utime(path, (1e9 - age, 1e9 - age))
    cache = Cache(folder, limit=200)
    cache.evict(keep=old)
    assert {entry.path for entry in cache.entries()} == {new, middle, old}
    Cache(folder, limit=150).evict(keep=old)
    assert {entry.path for entry in cache.entries()} == {new, old}
    assert cache.clear() == 200
    assert cache.entries() == []


def test_files_of_others_in_the_folder_are_left_alone(tmp_path: Path, dump: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    others = [folder / name for name in ("notes.txt", "app.pmat", "old.pmatidx", "x.tmp", f"{'a' * 31}.pmat")]
    for path in others:
        path.write_text("mine")
        os.utime(path, (0, 0))
    cache = Cache(folder, limit=0)
    open_heap(dump, cache=cache)
    cache.clear()
    assert sorted(folder.iterdir()) == sorted(others)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are those of POSIX")
def test_nobody_else_can_read_the_cache(tmp_path: Path, demo_dump: Path) -> None:
    cache = Cache(tmp_path / "home" / "cache")
    open_heap(demo_dump, cache=cache)
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in cache.folder.iterdir()} == {0o600}
    assert len(cache.entries()) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are those of POSIX")
def test_the_users_own_cache_is_closed_to_others_and_a_folder_that_is_named_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("PMAT_LSP_CACHE")
    own, named_one = tmp_path / "pmat-lsp", tmp_path / "named"
    for folder in (own, named_one):
        folder.mkdir(mode=0o755)
    Cache.of_user().make()
    monkeypatch.setenv("PMAT_LSP_CACHE", str(named_one))
    Cache.of_user().make()
    assert [folder.stat().st_mode & 0o777 for folder in (own, named_one)] == [0o700, 0o755]


def test_only_files_with_the_names_of_the_cache_count_as_unfinished(tmp_path: Path) -> None:
    mine, other = tmp_path / f"{'a' * 32}.pmatidx.12ab.tmp", tmp_path / "letter.12ab.tmp"
    for path in (mine, other):
        path.touch()
    Cache(tmp_path).remove_unfinished(".12ab.tmp")
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_an_unfinished_file_goes_once_its_process_is_gone(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    written, abandoned, begun = (tmp_path / f"{digit * 32}.pmatidx.{digit * 16}.tmp" for digit in "abc")
    for path in (written, abandoned, begun):
        path.touch()
    for path in (written, abandoned):
        os.utime(path, (time.time() - 100, time.time() - 100))
    with written.open("r+b") as file:
        locks.lock(file)
        cache.evict(keep=tmp_path / "kept.pmatidx")
        assert sorted(tmp_path.iterdir()) == sorted([written, begun])
    cache.evict(keep=tmp_path / "kept.pmatidx")
    assert list(tmp_path.iterdir()) == [begun]


def test_an_archive_unpacks_to_no_more_than_the_memory_limit_suits(cache: Cache, tmp_path: Path) -> None:
    path = tmp_path / "app.pmat.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"PMAT" + bytes(600 << 20))
    with pytest.raises(DumpError, match=r"unpack to more than 4\d\d\.\d MiB, too much for the memory limit") as caught:
        open_heap(path, cache=cache, memory_limit=60 << 20)
    assert "--memory-limit" in caught.value.hint
    assert cache.entries() == []


def test_a_dump_that_is_replaced_again_and_again_is_no_heap(
    cache: Cache, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not read in this process, where nothing limits the memory that it takes."""
    monkeypatch.setattr(opening, "_indexed", lambda *_: None)
    with pytest.raises(DumpError, match="replaced each time"):
        open_heap(dump, cache=cache)


def test_a_dump_that_is_deleted_after_it_was_opened_can_still_be_read(cache: Cache, dump: Path) -> None:
    heap = open_heap(dump, cache=cache)
    dump.unlink()
    assert heap.data[4:8] == load(small_dump(dump)).data[4:8]


def test_a_dump_that_is_cut_short_after_it_was_opened_is_told_of(cache: Cache, tmp_path: Path, demo_dump: Path) -> None:
    path = tmp_path / "app.pmat"
    shutil.copy(cache_contents(demo_dump, tmp_path), path)
    heap = open_heap(path, cache=cache)
    os.truncate(path, 1000)
    with pytest.raises(DumpError, match="cut short since it was loaded"):
        _ = heap.data[500_000:500_010]


def cache_contents(packed: Path, tmp_path: Path) -> Path:
    """The unpacked contents of a compressed dump."""
    path = tmp_path / "unpacked"
    path.write_bytes(load(packed).data[:])
    return path
