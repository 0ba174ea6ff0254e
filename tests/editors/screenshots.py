"""Takes the pictures of the pages: `python -m tests.editors.screenshots docs/editors` (needs tmux and the editors)."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.terminal_theme import MONOKAI, TerminalTheme

from tests.dumps import ROOT
from tests.editors.neovim import PLUGIN, program
from tests.editors.page import blocks, environment, project
from tests.editors.terminal import Terminal, terminal

SOURCE = "lib/Courier/HTTP.pm"
DARK = TerminalTheme(
    (20, 22, 27),
    (224, 226, 234),
    [
        (7, 8, 13),
        (255, 192, 185),
        (179, 246, 192),
        (252, 224, 148),
        (166, 219, 255),
        (255, 202, 255),
        (140, 248, 247),
        (238, 241, 248),
    ],
)
"""Neovim's own dark colours."""


@contextmanager
def _editor(home: Path, files: dict[str, str], *command: str) -> Iterator[Terminal]:
    """An editor on the demo, with files in its home."""
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    env = {**environment(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with terminal(home, command, project(home / "courier"), env) as shown:
        yield shown


def neovim(home: Path, folder: Path) -> None:
    """The chain with its location list, the tree of findings, and the answer to a question."""
    init = f"vim.opt.runtimepath:prepend([[{PLUGIN}]])\nvim.o.number, vim.o.signcolumn = true, 'yes:2'\n"
    command = (program(), "-n", "-i", "NONE", "-u", str(home / "init.lua"), SOURCE)
    with _editor(home, {"init.lua": init + "vim.o.termguicolors = true\n"}, *command) as shown:
        shown.until("package")
        shown.press(":Pmat chain", "Enter")
        shown.until("1/4")
        shown.press("]l")
        shown.until("2/4")
        shown.press(":lopen 7 | wincmd p", "Enter")
        shown.until("and so back")
        shown.picture(folder / "neovim-chain.svg", "nvim", DARK)
        shown.press(":lclose", "Enter")
        shown.press(":Pmat tree", "Enter")
        shown.until("places (7)")
        shown.press("2G")
        shown.picture(folder / "neovim-tree.svg", "nvim", DARK)
        shown.press("q")
        shown.press(":Pmat identify", "Enter")
        shown.until("already found")
        shown.press("3GK")
        shown.until("refcount")
        shown.picture(folder / "neovim-identify.svg", "nvim", DARK)


def emacs(home: Path, folder: Path) -> None:
    """The leak as Eglot shows it, and its chain."""
    eglot, pmat, *_ = blocks("emacs.md", "elisp")
    quiet = (
        "(setq inhibit-startup-screen t native-comp-async-report-warnings-errors nil)\n(load-theme 'modus-vivendi t)\n"
    )
    package = f'(add-to-list \'load-path "{ROOT / "editors" / "emacs"}")\n{quiet}'
    init = {".emacs.d/init.el": package + eglot + pmat}
    with _editor(home, init, "emacs", "-nw", "+79", SOURCE) as shown:
        shown.until("Flymake[0 1")
        shown.press("M-x", "pmat-chain", "Enter")
        shown.until("4/4")
        for _ in range(3):
            shown.press("n")
            shown.settle()
        shown.picture(folder / "emacs.svg", "emacs", MONOKAI)


def vim(home: Path, folder: Path) -> None:
    """The leak as ALE shows it, and the list of leaks."""
    _, ale, _ = blocks("vim.md", "vim")
    vimrc = "filetype plugin on\nset termguicolors\nsyntax on\ncolorscheme habamax\nlet g:qf_disable_statusline = 1\n"
    command = ("vim", "-N", "-u", str(home / "vimrc"), "+79", SOURCE)
    with _editor(home, {"vimrc": vimrc + ale}, *command) as shown:
        shown.until("Leaked closure")
        shown.press(":lopen 5 | wincmd p", "Enter")
        shown.press("79Gzz")
        shown.picture(folder / "vim-ale.svg", "vim", MONOKAI)


def helix(home: Path, folder: Path) -> None:
    """The leak and what the heap knows of the closure."""
    (languages,) = blocks("helix.md", "toml")
    hx = str(Path(sys.prefix, "editors", "bin", "hx"))
    with _editor(home, {".config/helix/languages.toml": languages}, hx, f"{SOURCE}:79:22") as shown:
        shown.until("Leaked closure")
        shown.press("zz")
        shown.picture(folder / "helix.svg", "hx", MONOKAI)


if __name__ == "__main__":
    for take in (neovim, emacs, vim, helix):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            take(Path(temporary), Path(sys.argv[1]))
