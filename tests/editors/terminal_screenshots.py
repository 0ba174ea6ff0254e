"""Takes the pictures of Emacs and Vim: `python -m tests.editors.terminal_screenshots docs/editors` (needs tmux)."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.dumps import ROOT
from tests.editors.page import blocks, environment, project

WIDTH, HEIGHT = 118, 30
LOADING = 8.0
SETTLING = 1.5
SOURCE = "lib/Courier/HTTP.pm"


class Terminal:
    """An editor in a terminal that nobody sees."""

    def __init__(self, home: Path, command: list[str]) -> None:
        workspace = project(home / "courier")
        env = environment(home)
        shown = ["env", f"HOME={home}", f"PATH={env['PATH']}", f"PYTHONPATH={ROOT}", "LANG=C.UTF-8", *command, SOURCE]
        self._socket = str(home / "tmux")
        size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
        self.tmux("-f", os.devnull, "new-session", "-d", *size, "-c", str(workspace), shlex.join(shown))
        time.sleep(LOADING)

    def tmux(self, *words: str) -> str:
        """Run a command of tmux."""
        argv = ["tmux", "-u", "-S", self._socket, *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def press(self, *keys: str) -> None:
        """Press keys, and wait until all is drawn."""
        self.tmux("send-keys", *keys)
        time.sleep(SETTLING)

    def picture(self, path: Path, title: str) -> None:
        """Write what is on the screen as SVG."""
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        for line in self.tmux("capture-pane", "-e", "-p").rstrip("\n").split("\n"):
            console.print(Text.from_ansi(line), no_wrap=True, crop=True, overflow="crop")
        svg = console.export_svg(title=title, theme=MONOKAI, unique_id=path.stem)
        # No fonts from elsewhere: the reader's own do.
        path.write_text(re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL), encoding="utf-8")


def emacs(home: Path, picture: Path) -> None:
    """The leak as Eglot shows it, and its chain."""
    eglot, pmat, *_ = blocks("emacs.md", "elisp")
    package = f'(add-to-list \'load-path "{ROOT / "editors" / "emacs"}")\n(setq inhibit-startup-screen t)\n'
    (home / ".emacs.d").mkdir()
    (home / ".emacs.d" / "init.el").write_text(package + eglot + pmat, encoding="utf-8")
    terminal = Terminal(home, ["emacs", "-nw"])
    try:
        terminal.press("M-g", "g", "79", "Enter")
        terminal.press("M-x", "pmat-chain", "Enter")
        terminal.press("n")
        terminal.press("n")
        terminal.press("n")
        terminal.picture(picture, "emacs")
    finally:
        terminal.tmux("kill-server")


def vim(home: Path, picture: Path) -> None:
    """The leak as ALE shows it, and the list of leaks."""
    _, ale, _ = blocks("vim.md", "vim")
    begin = "set nocompatible nomore\nfiletype plugin on\nsyntax on\nlet g:qf_disable_statusline = 1\n"
    (home / "vimrc").write_text(begin + ale, encoding="utf-8")
    terminal = Terminal(home, ["vim", "-N", "-u", str(home / "vimrc")])
    try:
        terminal.press(":lopen 5 | wincmd p", "Enter")
        terminal.press("79Gzz")
        terminal.picture(picture, "vim")
    finally:
        terminal.tmux("kill-server")


if __name__ == "__main__":
    for take, name in ((emacs, "emacs.svg"), (vim, "vim-ale.svg")):
        with tempfile.TemporaryDirectory() as folder:
            take(Path(folder), Path(sys.argv[1]) / name)
