"""Vim, with the configurations that docs/editors/vim.md tells."""

from __future__ import annotations

import json
import os
import re
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
COC_FOLDER = Path(os.environ.get("PMAT_COC", Path.home() / ".vim/pack/coc/start/coc.nvim"))
SOURCE = "lib/Courier/HTTP.pm"
BEGIN = "set nocompatible nomore\nfiletype plugin on\n"

needs_vim = pytest.mark.skipif(VIM is None, reason="Vim is not here (apt install vim)")
needs_ale = pytest.mark.skipif(not ALE_FOLDER.exists(), reason="ALE is not here (apt install vim-ale)")
needs_vim_lsp = pytest.mark.skipif(
    not VIM_LSP_FOLDER.exists(), reason=f"vim-lsp is not here ({VIM_LSP_FOLDER}; PMAT_VIM_LSP names another folder)"
)
needs_coc = pytest.mark.skipif(
    not COC_FOLDER.exists(), reason=f"coc.nvim is not here ({COC_FOLDER}; PMAT_COC names another folder)"
)
PLACES = "map(filter({list}, 'v:val.valid'), {{_, e -> [bufname(e.bufnr), e.lnum, e.col, e.text]}})"


class Vim:
    """A Vim without a screen, in the demo."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.folder = project(folder / "courier")
        self.output = ""

    def run(self, vimrc: str, wanted: str, until: str, *, before: str = "", server: bool = True) -> Any:
        """Open a file, run commands, wait until an expression is true, and tell what another one is."""
        env = environment(self.home, server=server)
        told = self.home / "told.json"
        (self.home / "vimrc").write_text(BEGIN + vimrc, encoding="utf-8")
        wait = f"let n = 0\nwhile n < 400 && !({until}) | sleep 100m | let n += 1 | endwhile"
        script = f"doautocmd VimEnter\n{before}\n{wait}\ncall writefile([json_encode({wanted})], '{told}')\nqa!\n"
        (self.home / "script.vim").write_text(script, encoding="utf-8")
        command = [str(VIM), "-es", "-N", "-u", str(self.home / "vimrc"), SOURCE, "-S", str(self.home / "script.vim")]
        self.output = run_editor(command, self.folder, env)
        assert told.exists(), self.output
        return json.loads(told.read_text(encoding="utf-8"))

    def damage(self) -> None:
        """Cut the dump in two."""
        dump = self.folder / "courier.pmat"
        whole = dump.read_bytes()
        dump.write_bytes(whole[: len(whole) // 2])


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
@needs_ale
def test_ale_tells_a_damaged_dump_in_one_message(vim: Vim) -> None:
    vim.damage()
    preview = "join(flatten(map(range(1, bufnr('$')), 'getbufline(v:val, 1, 9)')))"
    told = vim.run(ALE, preview, f"{preview} =~ 'truncated'")
    assert_told_once(vim, told, "courier.pmat: truncated")


def assert_told_once(vim: Vim, told: str, words: str) -> None:
    """One message has the words, and no stack comes with it."""
    assert told.count(words) == 1, told
    for sign_of_a_stack in ("Traceback", "Error detected", "stack"):
        assert sign_of_a_stack not in told + vim.output


@needs_vim
@needs_ale
def test_a_missing_server_leaves_ale_quiet(vim: Vim) -> None:
    assert vim.run(ALE, PLACES.format(list="getloclist(0)"), "v:true", server=False) == []
    assert "Error detected" not in vim.output


VIM_LSP_PATH = f"set runtimepath+={VIM_LSP_FOLDER}\n"


@needs_vim
@needs_vim_lsp
def test_vim_lsp_shows_the_leak(vim: Vim) -> None:
    counts = "lsp#get_buffer_diagnostics_counts()"
    told = vim.run(VIM_LSP_PATH + VIM_LSP, counts, f"{counts}.warning > 0")
    assert told == {"error": 0, "warning": 1, "information": 0, "hint": 1}


@needs_vim
@needs_vim_lsp
def test_vim_lsp_tells_a_damaged_dump_in_one_message(vim: Vim) -> None:
    vim.damage()
    told = vim.run(VIM_LSP_PATH + VIM_LSP, "execute('messages')", "execute('messages') =~ 'truncated'")
    assert_told_once(vim, told, "courier.pmat: truncated")


@needs_vim
@needs_vim_lsp
def test_with_vim_lsp_a_missing_server_is_told_in_one_message(vim: Vim) -> None:
    told = vim.run(VIM_LSP_PATH + VIM_LSP, "execute('messages')", "v:true", server=False)
    assert_told_once(vim, told, "pmat-lsp is not installed")


@pytest.fixture
def coc(vim: Vim) -> str:
    """The settings of coc.nvim are those of the page; the lines of a vimrc that load it."""
    vim.home.mkdir()
    (vim.home / "coc-settings.json").write_text(COC, encoding="utf-8")
    folders = f"let g:coc_config_home = '{vim.home}'\nlet g:coc_data_home = '{vim.home / 'coc'}'\n"
    return f"{folders}set runtimepath^={COC_FOLDER}\n"


SHOWN = "get(g:, 'coc_service_initialized', 0) ? CocAction('diagnosticList') : []"


@needs_vim
@needs_coc
def test_coc_shows_the_leak_the_hover_and_the_cure(vim: Vim, coc: str) -> None:
    wanted = f"[{SHOWN}, CocAction('getHover'), CocAction('codeActions', 'cursor')]"
    found, hover, actions = vim.run(coc, wanted, f"len({SHOWN}) > 1", before="call cursor(79, 22)")
    assert [(one["lnum"], one["col"], one["severity"]) for one in found] == [(79, 22, "Warning"), (82, 14, "Hint")]
    assert "59 leaked" in "\n".join(hover)
    assert actions[0]["title"].startswith("Capture a weakened copy")


@needs_vim
@needs_coc
def test_coc_tells_a_damaged_dump_in_one_message(vim: Vim, coc: str) -> None:
    vim.damage()
    told = vim.run(coc, "execute('messages')", "execute('messages') =~ 'truncated'")
    assert_told_once(vim, told, "courier.pmat: truncated")


@needs_vim
@needs_coc
def test_coc_tells_a_missing_server_in_one_message(vim: Vim, coc: str) -> None:
    told = vim.run(coc, "execute('messages')", "execute('messages') =~ 'pmat-lsp'", server=False)
    assert_told_once(vim, told, "Server languageserver.pmat failed to start")


@needs_vim
def test_the_quickfix_list_has_the_leaks_without_a_plugin(vim: Vim) -> None:
    shutil.copy(vim.folder / "courier.pmat", vim.folder / "app.pl.pmat")
    places = vim.run(QUICKFIX, PLACES.format(list="getqflist()"), "v:true", before="silent PmatLeaks")
    assert [place[:3] for place in places] == [["lib/Courier/HTTP.pm", 79, 22]]
    assert "59 Courier::Connection objects" in places[0][3]


TEXTS = "map(getqflist(), 'v:val.text')"


@needs_vim
def test_without_a_plugin_a_damaged_dump_is_told_in_the_quickfix_list(vim: Vim) -> None:
    vim.damage()
    (vim.folder / "courier.pmat").rename(vim.folder / "app.pl.pmat")
    texts = vim.run(QUICKFIX, TEXTS, "v:true", before="silent PmatLeaks")
    assert_told_once(vim, "\n".join(texts), "app.pl.pmat: truncated")


@needs_vim
def test_without_a_plugin_a_missing_server_is_told_in_the_quickfix_list(vim: Vim) -> None:
    (text,) = vim.run(QUICKFIX, TEXTS, "v:true", server=False, before="silent PmatLeaks")
    assert re.search("pmat-lsp: .*not found", text)
