"""The library folders of the local perl: those of the perl of the PATH, asked once, and nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmat_lsp.source.local_perl import library_folders
from tests.cures.running import needs_dumper


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Each test asks anew."""
    library_folders.cache_clear()
    yield
    library_folders.cache_clear()


def fake_perl(folder: Path, script: str) -> None:
    """A program that is found as `perl`."""
    folder.mkdir(exist_ok=True)
    (folder / "perl").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "perl").chmod(0o755)


@needs_dumper
def test_they_are_where_the_local_perl_has_its_own_modules() -> None:
    where = subprocess.run(["perl", "-Mstrict", "-e", "print $INC{'strict.pm'}"], capture_output=True, check=True)
    assert Path(where.stdout.decode()).resolve().parent in library_folders()


def test_relative_folders_and_the_root_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_perl(tmp_path / "bin", f"printf 'lib\\0/\\0.\\0{tmp_path}/one\\0{tmp_path}/one\\0'")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    assert library_folders() == (tmp_path.resolve() / "one",)


@pytest.mark.parametrize("script", ["exit 3", "exec sleep 60", "kill -9 $$"])
def test_a_perl_that_fails_or_never_answers_has_none(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_perl(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr("pmat_lsp.source.local_perl._TIMEOUT", 0.2)
    assert library_folders() == ()


def test_without_a_perl_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert library_folders() == ()


def test_a_perl_of_the_current_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_perl(tmp_path, f"touch {tmp_path}/ran")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    assert library_folders() == ()
    assert not (tmp_path / "ran").exists()
