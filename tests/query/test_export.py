"""`export` writes every view, all of them or none."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pmat_lsp.cli.main import main
from pmat_lsp.heap.progress import no_progress
from pmat_lsp.query.database import query_table
from pmat_lsp.query.views import VIEWS
from pmat_lsp.session import Dump, Settings
from tests.dumps import ROOT, heap_of

DEMO = ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz"
NAMES = {f"{view.name}.parquet" for view in VIEWS}


def export(folder: Path, *words: str) -> int:
    """The status of the command."""
    return main(["export", str(DEMO), "--parquet", str(folder), *words])


def test_every_view_is_a_file_with_the_rows_of_the_view(tmp_path: Path) -> None:
    folder = tmp_path / "it's here"
    assert export(folder) == 0
    assert {file.name for file in folder.iterdir()} == NAMES
    assert list(tmp_path.iterdir()) == [folder]
    dump = Dump(heap_of(DEMO), Settings())
    for view in VIEWS:
        told = query_table(dump, f"select count(*) from {view.name}", None, no_progress).rows
        file = str(folder / f"{view.name}.parquet").replace("'", "''")
        with duckdb.connect() as connection:
            assert connection.execute(f"select count(*) from '{file}'").fetchall() == list(told)
            columns = connection.execute(f"describe from '{file}'").fetchall()
        assert [name for name, *_ in columns] == [column.name for column in view.columns]


def test_a_folder_that_is_there_is_left_alone_but_with_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.txt"
    own.write_text("mine")
    assert export(tmp_path) == 2
    assert "is there already" in capsys.readouterr().err
    assert export(own, "--force") == 2
    assert list(tmp_path.iterdir()) == [own]
    assert export(tmp_path, "--force") == 0
    assert {file.name for file in tmp_path.iterdir()} == NAMES | {"own.txt"}
    assert own.read_text() == "mine"


def test_nothing_is_left_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_dump: Dump, folder: Path, _progress: object) -> None:
        (folder / "svs.parquet").write_text("half")
        raise OSError("no space left")

    monkeypatch.setattr("pmat_lsp.cli.export.write_parquet", fail)
    assert export(tmp_path / "out") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(tmp_path / "no" / "such") == 2
    assert "No such file or directory" in capsys.readouterr().err
