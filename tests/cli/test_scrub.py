"""`scrub`: what it writes, what it says, what it refuses, and that it leaves nothing behind."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmat_lsp.cli import scrub
from pmat_lsp.cli.main import main
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress
from tests.dumps import ROOT, heap_of, named, own_dumps

DUMP = str(ROOT / "tests" / "data" / "secrets.pmat.xz")


@pytest.mark.parametrize("path", named(own_dumps()[1::6]))
def test_findings_are_the_same_in_the_scrubbed_dump(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "small.pmat"
    assert main(["scrub", str(path), "-o", str(output)]) == 0
    assert capsys.readouterr().out.endswith("the same leaks, classes and keys\n")
    reports = []
    for dump in (path, output):
        main(["leaks", str(dump), "--json"])
        report = json.loads(capsys.readouterr().out)
        reports.append([(one["pattern"], one["count"], one["classes"], one["addresses"]) for one in report["findings"]])
    assert reports[0] == reports[1]


def test_the_new_dump_is_smaller_and_only_its_owner_may_read_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "small.pmat"
    assert main(["scrub", DUMP, "-o", str(output)]) == 0
    assert output.stat().st_size < len(heap_of(Path(DUMP)).data)
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert b"correcthorse" not in output.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["small.pmat"]


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "small.pmat"
    output.write_bytes(b"mine")
    assert main(["scrub", DUMP, "-o", str(output)]) == 2
    assert output.read_bytes() == b"mine"
    assert "is there already" in capsys.readouterr().err
    assert main(["scrub", DUMP, "-o", str(output), "--force"]) == 0
    assert output.read_bytes().startswith(b"PMAT")


def test_the_dump_itself_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = tmp_path / "mine.pmat"
    dump.write_bytes(bytes(heap_of(Path(DUMP)).data[:]))
    link = tmp_path / "link.pmat"
    link.symlink_to(dump)
    for output in (dump, link):
        assert main(["scrub", str(dump), "-o", str(output), "--force"]) == 2
        assert "is the dump itself" in capsys.readouterr().err
    assert dump.read_bytes() == bytes(heap_of(Path(DUMP)).data[:])


def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_heap: Heap, _progress: Progress) -> Iterator[bytes]:
        yield b"PMAT"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(scrub, "scrubbed", full)
    assert main(["scrub", DUMP, "-o", str(tmp_path / "small.pmat")]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_dump_that_would_have_other_findings_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = bytes(heap_of(ROOT / "tests" / "data" / "self_ref.pmat.xz").data[:])
    monkeypatch.setattr(scrub, "scrubbed", lambda _heap, _progress: [other])
    assert main(["scrub", DUMP, "-o", str(tmp_path / "small.pmat")]) == 2
    assert "has other findings without its values" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
