"""docs/shell.md shows what the shell answers. `UPDATE_GOLDEN=1` writes the answers that have changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.cli import leaks
from pmat_lsp.cli.output import wants_colour, wants_links
from pmat_lsp.cli.shell.commands import COMMANDS, Shell
from pmat_lsp.format.container import read_dump
from pmat_lsp.session import Settings, open_dump
from tests.dumps import ROOT
from tests.test_commands_page import LEFT_OUT, agrees

PAGE = ROOT / "docs" / "shell.md"
_SESSION = re.compile(r"^```console\n\$ pmat-lsp shell courier\.pmat\n((?:.*\n)*?)```$", re.MULTILINE)
_ASKED = re.compile(r"^pmat> (.*)\n((?:(?!pmat> ).*\n)*)", re.MULTILINE)
_PIPE = re.compile(r"^```console\n\$ (printf .*)\n(?:.*\n)*?```$", re.MULTILINE)
_LONGEST, _SHOWN = 12, 7


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's program, its dump beside it."""
    demo = ROOT / "pmat_lsp" / "demo"
    shutil.copytree(demo / "program", tmp_path, dirs_exist_ok=True)
    (tmp_path / "courier.pmat").write_bytes(read_dump(demo / "courier.pmat.xz"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refreshed(shown: list[str], printed: list[str]) -> str:
    """An answer on the page: as it is if it is still right."""
    if not agrees(shown, printed):
        shown = printed if len(printed) <= _LONGEST else [*printed[:_SHOWN], LEFT_OUT]
    return "".join(f"{line}\n" for line in shown)


def test_the_session_is_what_the_shell_answers(folder: Path) -> None:
    shell = Shell(open_dump(folder / "courier.pmat", Settings(source_roots=(folder,))))

    def answered(asked: re.Match[str]) -> str:
        answer = shell.answer(asked[1])
        assert answer is not None
        printed = [line.rstrip() for line in answer.plain.splitlines()]
        return f"pmat> {asked[1]}\n{refreshed(asked[2].splitlines(), printed)}"

    def session(found: re.Match[str]) -> str:
        assert len(_ASKED.findall(found[1])) > 3
        return f"```console\n$ pmat-lsp shell courier.pmat\n{_ASKED.sub(answered, found[1])}```"

    page = PAGE.read_text(encoding="utf-8")
    new, sessions = _SESSION.subn(session, page)
    assert sessions == 1
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(new, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == new


def test_commands_are_piped_in_as_the_page_shows_it(folder: Path) -> None:
    def piped(found: re.Match[str]) -> str:
        command = found[1].replace("pmat-lsp", f"'{sys.executable}' -m pmat_lsp")
        done = subprocess.run(
            ["sh", "-c", f"({command}) 2>&1"], capture_output=True, text=True, cwd=folder, timeout=60, check=False
        )
        assert done.returncode == 2
        return f"```console\n$ {found[1]}\n{done.stdout}```"

    page = PAGE.read_text(encoding="utf-8")
    new, pipes = _PIPE.subn(piped, page)
    assert pipes == 1
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(new, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == new


def test_the_commands_that_only_the_shell_has_are_listed() -> None:
    own = [command.name for command in COMMANDS if command.name not in BY_NAME and command.name != leaks.NAME]
    table = PAGE.read_text(encoding="utf-8").split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == own


def test_every_variable_of_the_page_is_obeyed() -> None:
    table = PAGE.read_text(encoding="utf-8").split("\n## Links")[1]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == ["FORCE_HYPERLINK", "NO_COLOR", "FORCE_COLOR"]
    kitty = {"TERM": "xterm-kitty"}
    assert wants_links(False, {"FORCE_HYPERLINK": "1"})
    assert not wants_links(True, {**kitty, "FORCE_HYPERLINK": "0"})
    assert not wants_colour(True, {**kitty, "NO_COLOR": "1"})
    assert wants_links(True, {**kitty, "NO_COLOR": "1"})
    assert wants_colour(False, {"FORCE_COLOR": "1"})
    for name in ("VTE_VERSION", "TERM_PROGRAM", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM"):
        value = {"VTE_VERSION": "5001", "TERM_PROGRAM": "vscode"}.get(name, "1")
        assert f"`{name}`" in table
        assert wants_links(True, {"TERM": "xterm-256color", name: value})
        assert not wants_links(True, {"TERM": "tmux-256color", name: value})
