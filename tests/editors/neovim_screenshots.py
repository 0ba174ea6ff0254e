"""Takes the pictures of the guide: `python -m tests.editors.neovim_screenshots docs/editors` (needs tmux)."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.editors.neovim import PLUGIN, SERVER, program
from tests.server.editor import demo_workspace

WIDTH, HEIGHT = 118, 30
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
LOADING = 5.0
SETTLING = 1.0
INIT = f"""
vim.opt.runtimepath:prepend([[{PLUGIN}]])
vim.g.pmat = {{ cmd = {{ [[{SERVER}]], 'serve' }} }}
vim.o.termguicolors, vim.o.number, vim.o.signcolumn = true, true, 'yes:2'
"""


class Terminal:
    """A Neovim in a terminal that nobody sees."""

    def __init__(self, home: Path) -> None:
        workspace = demo_workspace(home / "courier")
        init = home / "init.lua"
        init.write_text(INIT)
        self._socket = str(home / "tmux")
        surroundings = f"HOME={home} XDG_CONFIG_HOME={home} COLORTERM=truecolor LANG=C.UTF-8"
        neovim = f"env {surroundings} {program()} -n -i NONE -u {init} lib/Courier/HTTP.pm"
        size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
        self.tmux("-f", os.devnull, "new-session", "-d", *size, "-c", str(workspace), neovim)
        time.sleep(LOADING)

    def tmux(self, *words: str) -> str:
        """Run a command of tmux."""
        argv = ["tmux", "-u", "-S", self._socket, *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def press(self, *keys: str) -> None:
        """Press keys, and wait until all is drawn."""
        self.tmux("send-keys", *keys)
        time.sleep(SETTLING)

    def picture(self, path: Path) -> None:
        """Write what is on the screen as SVG."""
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        for line in self.tmux("capture-pane", "-e", "-p").rstrip("\n").split("\n"):
            console.print(Text.from_ansi(line), no_wrap=True, crop=True, overflow="crop")
        svg = console.export_svg(title="nvim", theme=DARK, unique_id=path.stem)
        # No fonts from elsewhere: the reader's own do.
        path.write_text(re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL))


def take(folder: Path) -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as home:
        terminal = Terminal(Path(home))
        try:
            terminal.press(":Pmat chain", "Enter")
            terminal.press("]l")
            terminal.press(":lopen 7 | wincmd p", "Enter")
            terminal.picture(folder / "neovim-chain.svg")
            terminal.press(":lclose", "Enter")
            terminal.press(":Pmat tree", "Enter")
            terminal.press("2G")
            terminal.picture(folder / "neovim-tree.svg")
            terminal.press("q")
            terminal.press(":Pmat identify", "Enter")
            terminal.press("3GK")
            terminal.picture(folder / "neovim-identify.svg")
        finally:
            terminal.tmux("kill-server")


if __name__ == "__main__":
    take(Path(sys.argv[1]))
