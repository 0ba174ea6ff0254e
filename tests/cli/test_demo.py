"""`pmat-lsp demo`: the real server shows the real leak."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pmat_lsp.cli import demonstration
from pmat_lsp.cli.main import main
from tests.dumps import ROOT

PROGRAM = ROOT / "pmat_lsp" / "demo" / "program"


def test_the_demo_shows_the_diagnostic_its_chain_and_the_hovers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(tmp_path / "new" / "demo")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    shown = [
        "lib/Courier/HTTP.pm:79:22\n",
        "  79 |         on_closed => sub {\n     |                      ^^^ warning: container-capture\n",
        "Leaked closure (59 live, 59 leaked): $conns->[0]{on_closed} leads back to this sub.",
        "lib/Courier/HTTP.pm:82:14: $conns captured here\n",
        "What pops up under the mouse:",
        "59 live, 59 leaked",
        "my $conns captured by 59 closures, strong\n",
        "vim.lsp.enable('pmat')\n",
        '{"pmat.server.path": "',
    ]
    rest = out
    for text in shown:
        assert text in rest
        rest = rest.partition(text)[2]


def test_the_demo_without_a_folder_makes_one_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["demo"]) == 0
    (folder,) = tmp_path.iterdir()
    assert f"are in {folder}." in capsys.readouterr().out
    assert (folder / "courier.pmat").read_bytes().startswith(b"PMAT")
    for source in (path for path in PROGRAM.rglob("*") if path.is_file()):
        assert (folder / source.relative_to(PROGRAM)).read_bytes() == source.read_bytes()


def test_the_demo_leaves_what_is_there_as_it_is(tmp_path: Path) -> None:
    shutil.copytree(PROGRAM, tmp_path, dirs_exist_ok=True)
    edited = tmp_path / "lib" / "Courier" / "HTTP.pm"
    edited.write_text("# mine\n", encoding="utf-8")
    demonstration.put_demo(tmp_path)
    assert edited.read_text(encoding="utf-8") == "# mine\n"
    assert (tmp_path / "courier.pmat").exists()


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "file"
    path.write_text("", encoding="utf-8")
    assert main(["demo", str(path)]) == 2
    assert capsys.readouterr().err.startswith("pmat-lsp: ")


def test_a_server_that_does_not_start_is_an_error_and_no_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert main(["demo", str(tmp_path)]) == 2
    assert "the language server does not answer" in capsys.readouterr().err


def test_a_server_that_finds_nothing_is_an_error_and_no_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demonstration, "PATIENCE_SECONDS", 0.01)
    assert main(["demo", str(tmp_path)]) == 2
    assert "time is up" in capsys.readouterr().err
