"""Vim, with the configurations that docs/editors/vim.md tells."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.editors.page import blocks, environment, project, run_editor

VIM = shutil.which("vim")
VIM_LSP, ALE, QUICKFIX = blocks("vim.md", "vim")
(COC,) = blocks("vim.md", "json")
ALE_FOLDER = Path("/usr/share/vim/vimfiles/pack/dist-bundle/opt/ale")
VIM_LSP_FOLDER = Path(os.environ.get("PMAT_VIM_LSP", Path.home() / ".vim/pack/plugins/start/vim-lsp"))
SOURCE = "lib/Courier/HTTP.pm"
BEGIN = "set nocompatible nomore\nfiletype plugin on\n"

needs_vim = pytest.mark.skipif(VIM is None, reason="Vim is not here (apt install vim)")
needs_ale = pytest.mark.skipif(not ALE_FOLDER.exists(), reason="ALE is not here (apt install vim-ale)")
needs_vim_lsp = pytest.mark.skipif(
    not VIM_LSP_FOLDER.exists(), reason=f"vim-lsp is not here ({VIM_LSP_FOLDER}; PMAT_VIM_LSP names another folder)"
)
PLACES = "map(filter({list}, 'v:val.valid'), {{_, e -> [bufname(e.bufnr), e.lnum, e.col, e.text]}})"


class Vim:
    """A Vim without a screen, in the demo."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.folder = project(folder / "courier")
        self.output = ""

    def run(self, vimrc: str, wanted: str, until: str, *, server: bool = True) -> Any:
        """Open a file, wait until an expression is true, and tell what another one is."""
        env = environment(self.home, server=server)
        told = self.home / "told.json"
        (self.home / "vimrc").write_text(BEGIN + vimrc, encoding="utf-8")
        wait = f"let n = 0\nwhile n < 400 && !({until}) | sleep 100m | let n += 1 | endwhile"
        script = f"doautocmd VimEnter\n{wait}\ncall writefile([json_encode({wanted})], '{told}')\nqa!\n"
        (self.home / "script.vim").write_text(script, encoding="utf-8")
        command = [str(VIM), "-es", "-N", "-u", str(self.home / "vimrc"), SOURCE, "-S", str(self.home / "script.vim")]
        self.output = run_editor(command, self.folder, env)
        assert told.exists(), self.output
        return json.loads(told.read_text(encoding="utf-8"))


@pytest.fixture
def vim(tmp_path: Path) -> Vim:
    """In the demo, with a home of its own."""
    return Vim(tmp_path)


@needs_vim
@needs_ale
def test_ale_shows_the_leak(vim: Vim) -> None:
    ours = PLACES.format(list="getloclist(0)")
    places = vim.run(ALE, ours, "match(map(getloclist(0), 'v:val.text'), 'container-capture') >= 0")
    texts = {(line, column): text for _, line, column, text in places}
    assert "$conns->[0]" in texts[79, 22]
    assert "$conns captured here" in texts[82, 14]


@needs_vim
@needs_vim_lsp
def test_vim_lsp_shows_the_leak(vim: Vim) -> None:
    path = f"set runtimepath+={VIM_LSP_FOLDER}\n"
    counts = "lsp#get_buffer_diagnostics_counts()"
    told = vim.run(path + VIM_LSP, counts, f"{counts}.warning > 0")
    assert told == {"error": 0, "warning": 1, "information": 0, "hint": 1}


@needs_vim
@needs_ale
def test_a_missing_server_leaves_ale_quiet(vim: Vim) -> None:
    assert vim.run(ALE, PLACES.format(list="getloclist(0)"), "v:true", server=False) == []
    assert "Error detected" not in vim.output


@needs_vim
def test_the_quickfix_list_has_the_leaks_without_a_plugin(vim: Vim) -> None:
    shutil.copy(vim.folder / "courier.pmat", vim.folder / "app.pl.pmat")
    until = "execute('PmatLeaks') isnot v:none"
    places = vim.run(QUICKFIX, PLACES.format(list="getqflist()"), until)
    assert [place[:3] for place in places] == [["lib/Courier/HTTP.pm", 79, 22]]
    assert "59 Courier::Connection objects" in places[0][3]


def test_the_configuration_for_coc_is_json_that_starts_the_server() -> None:
    server = json.loads(COC)["languageserver"]["pmat"]
    assert [server["command"], *server["args"]] == ["pmat-lsp", "serve"]
