"""Copies of folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Cancelled, never
from pmat_lsp.running.trees import copy_tree, measure_tree, remove_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "lib" / "deep").mkdir(parents=True)
    (folder / "lib" / "A.pm").write_text("1;\n")
    (folder / "run").write_text("#!/bin/sh\n")
    (folder / "run").chmod(0o750)
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    os.link(folder / "lib" / "A.pm", folder / "lib" / "deep" / "B.pm")
    os.symlink("A.pm", folder / "lib" / "C.pm")
    os.symlink("deep", folder / "lib" / "also_deep")
    os.symlink("/nowhere/at/all", folder / "broken")
    os.mkfifo(folder / "pipe")
    os.utime(folder / "run", (1, 1_000_000_000))
    return folder


def test_everything_is_copied_and_links_stay_links(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert copy_tree(tree, copy, never) == ()
    names = {str(path.relative_to(copy)) for path in copy.rglob("*")}
    assert names == {
        *("lib", "lib/A.pm", "lib/C.pm", "lib/also_deep", "lib/deep", "lib/deep/B.pm"),
        *("run", "broken", ".git", ".git/HEAD"),
    }
    assert os.readlink(copy / "lib" / "C.pm") == "A.pm"
    assert os.readlink(copy / "lib" / "also_deep") == "deep"
    assert os.readlink(copy / "broken") == "/nowhere/at/all"
    assert (copy / "run").stat().st_mode & 0o777 == 0o750
    assert (copy / "run").stat().st_mtime == 1_000_000_000


def test_nothing_is_shared_with_the_original(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy_tree(tree, copy, never)
    with (copy / "lib" / "A.pm").open("a") as file:
        file.write("more")
    assert (tree / "lib" / "A.pm").read_text() == "1;\n"
    assert (copy / "lib" / "deep" / "B.pm").read_text() == "1;\n"


def test_the_size_is_that_of_what_is_copied(tree: Path) -> None:
    size = measure_tree(tree)
    assert (size.files, size.bytes) == (7, len("1;\n") * 2 + len("#!/bin/sh\n") + len("ref"))


def test_a_folder_that_cannot_be_written_is_copied_and_removed(tree: Path, tmp_path: Path) -> None:
    (tree / "lib" / "deep").chmod(0o500)
    copy = tmp_path / "copy"
    copy_tree(tree, copy, never)
    assert (copy / "lib" / "deep").stat().st_mode & 0o777 == 0o500
    assert (copy / "lib" / "deep" / "B.pm").exists()
    remove_tree(copy)
    assert not copy.exists()
    assert (tree / "lib" / "A.pm").exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_what_cannot_be_read_is_told(tree: Path, tmp_path: Path) -> None:
    (tree / "run").chmod(0)
    assert copy_tree(tree, tmp_path / "copy", never) == (tree / "run",)


def test_a_copy_within_the_folder_does_not_copy_itself(tree: Path) -> None:
    work = tree / "tmp"
    work.mkdir()
    copy_tree(tree, work / "copy", never)
    assert not (work / "copy" / "tmp").exists()
    assert (work / "copy" / "run").exists()


def test_a_tree_for_which_there_is_no_room_is_not_begun(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int = 5

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage())
    with pytest.raises(PmatError, match="a copy takes 19 bytes, and 5 bytes are free"):
        copy_tree(tree, tmp_path / "copy", never)
    assert not (tmp_path / "copy").exists()


def test_who_cancels_ends_the_copying(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        copy_tree(tree, tmp_path / "copy", lambda: True)
