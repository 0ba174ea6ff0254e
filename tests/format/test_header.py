"""A file that is no dump, of no known version, or too short, is refused with its path, the byte and the reason."""

from __future__ import annotations

import gzip
import lzma
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pmat_lsp.errors import DumpError
from pmat_lsp.format.header import NEWEST_MINOR, read_header
from pmat_lsp.heap.load import load
from tests.dump_writer import DumpWriter

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


Compress = Callable[[bytes], bytes]


def small_dump(**options: bool | int) -> bytes:
    """A whole dump of three SVs."""
    writer = DumpWriter(**options)  # type: ignore[arg-type]
    writer.root("defstash", 0x1000)
    writer.stash(0x1000, "main", {"x": 0x1100})
    writer.ref(0x1100, 0x1200)
    writer.scalar(0x1200, pv="text")
    return writer.to_bytes()


def refusal(tmp_path: Path, data: bytes) -> DumpError:
    """The error for a file with these bytes; it names the file."""
    path = tmp_path / "app.pmat"
    path.write_bytes(data)
    with pytest.raises(DumpError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    return caught.value


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\x7fELF\x02\x01", r'not a heap dump: expected "PMAT" at byte 0, found "\x7fELF"'),
        (b"", 'not a heap dump: expected "PMAT" at byte 0, found nothing: the file is empty'),
        (b'PM"\\', r'not a heap dump: expected "PMAT" at byte 0, found "PM\x22\x5c"'),
    ],
)
def test_a_file_that_is_no_dump_says_what_it_begins_with(tmp_path: Path, data: bytes, found: str) -> None:
    error = refusal(tmp_path, data)
    assert found in error.message
    assert error.offset == 0


def test_a_newer_minor_version_is_refused_with_its_number_and_the_cure(tmp_path: Path) -> None:
    data = bytearray(small_dump())
    data[7] = NEWEST_MINOR + 1
    error = refusal(tmp_path, bytes(data))
    assert "format version 0.7 at byte 7 is not known: expected 0.0 to 0.6" in error.message
    assert (error.offset, "newer pmat-lsp" in error.hint) == (7, True)


@pytest.mark.parametrize(("at", "value", "word"), [(4, 0x20, "flags 0x2"), (6, 1, "version 1"), (5, 1, "version")])
def test_unknown_flags_and_major_versions_are_refused(tmp_path: Path, at: int, value: int, word: str) -> None:
    data = bytearray(small_dump())
    data[at] = value
    assert word in refusal(tmp_path, bytes(data)).message


def test_a_table_that_says_svs_have_no_address_is_refused_before_it_is_used(tmp_path: Path) -> None:
    data = bytearray(small_dump())
    data[13] = 0
    assert "table of record sizes" in refusal(tmp_path, bytes(data)).message


@pytest.mark.parametrize("minor", range(NEWEST_MINOR + 1))
@pytest.mark.parametrize("big_endian", [False, True])
def test_a_dump_cut_at_any_byte_is_refused_or_was_complete(tmp_path: Path, minor: int, big_endian: bool) -> None:
    data = small_dump(minor=minor, big_endian=big_endian)
    path = tmp_path / "app.pmat"
    for end in range(len(data)):
        path.write_bytes(data[:end])
        with pytest.raises(DumpError) as caught:
            load(path)
        assert caught.value.offset is not None
        assert caught.value.offset <= end
    path.write_bytes(data)
    assert load(path).n == 3


def test_an_enormous_count_of_roots_is_refused_at_once(tmp_path: Path) -> None:
    data = bytearray(small_dump())
    _, start = read_header(bytes(data), "x")
    data[start + 24 : start + 28] = b"\xff" * 4
    assert "4,294,967,295 roots" in refusal(tmp_path, bytes(data)).message


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (lambda writer: writer.array(0x1300, [0] * 5), r"ARRAY, 72,057,594,037,927,941 elements\) needs"),
        (lambda writer: writer.hash(0x1300, {"k": 0x1200}), r"HASH, 72,057,594,037,927,937 entries\) needs"),
    ],
)
def test_an_enormous_count_in_a_record_is_refused_at_once(
    tmp_path: Path, add: Callable[[DumpWriter], None], message: str
) -> None:
    before, after = DumpWriter(), DumpWriter()
    add(after)
    start = len(before.to_bytes()) - 2
    data = bytearray(after.to_bytes())
    count = start + 1 + 8 + 4 + 8 + 8
    data[count + 7] = 1
    assert re.search(message, refusal(tmp_path, bytes(data)).message)


def test_a_missing_file_and_a_directory_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="no such file"):
        load(tmp_path / "none.pmat")
    with pytest.raises(DumpError, match="is a directory"):
        load(tmp_path)


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, zstd.compress])
class TestCompressed:
    """A dump compressed with gzip, xz or zstd opens as it is."""

    def test_it_opens(self, tmp_path: Path, compress: Compress) -> None:
        path = tmp_path / "whatever"
        path.write_bytes(compress(small_dump()))
        assert load(path).n == 3

    def test_cut_off_compressed_data_are_refused(self, tmp_path: Path, compress: Compress) -> None:
        packed = compress(small_dump() * 50)
        assert "cut off or damaged" in refusal(tmp_path, packed[: len(packed) // 2]).message

    def test_something_else_compressed_is_no_dump(self, tmp_path: Path, compress: Compress) -> None:
        assert "not a heap dump" in refusal(tmp_path, compress(b"hello" * 100)).message

    def test_data_made_to_fill_the_disk_are_refused(
        self, tmp_path: Path, compress: Compress, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pmat_lsp.format.container._ALWAYS_ALLOWED", 1 << 16)
        monkeypatch.setattr("pmat_lsp.format.container._LARGEST_RATIO", 2)
        assert "unpack to more than" in refusal(tmp_path, compress(b"PMAT" + bytes(5 << 20))).message
