"""A program in a terminal that nobody sees: keys go in, the screen comes out, as text or as a picture."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

WIDTH, HEIGHT = 118, 30
LONGEST_WAIT = 30.0
"""Seconds, for a busy machine."""
_SETTLED = 0.3
"""Seconds in which nothing more is drawn."""


class Terminal:
    """A tmux of its own."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def tmux(self, *words: str) -> str:
        """Run a command of tmux."""
        argv = ["tmux", "-u", "-S", str(self._socket), *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def press(self, *keys: str) -> None:
        """Press keys by their names in tmux (`Enter`, `Space`), or type a text."""
        self.tmux("send-keys", *keys)

    @property
    def screen(self) -> str:
        """What is on the screen."""
        return self.tmux("capture-pane", "-p")

    def until(self, words: str, *, there: bool = True) -> str:
        """Wait until words are on the screen, or are no more; the screen."""
        end = time.monotonic() + LONGEST_WAIT
        while (words in (screen := self.screen)) is not there:
            assert time.monotonic() < end, f"{words!r} {'is not' if there else 'stays'} on the screen:\n{screen}"
            time.sleep(0.05)
        return screen

    def settle(self) -> None:
        """Wait until all is drawn."""
        before = ""
        while (screen := self.screen) != before:
            before = screen
            time.sleep(_SETTLED)

    def picture(self, path: Path, title: str, theme: TerminalTheme) -> None:
        """Write what is on the screen as SVG."""
        self.settle()
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        for line in self.tmux("capture-pane", "-e", "-p").rstrip("\n").split("\n"):
            console.print(Text.from_ansi(line), no_wrap=True, crop=True, overflow="crop")
        svg = console.export_svg(title=title, theme=theme, unique_id=path.stem)
        # No fonts from elsewhere: the reader's own do.
        path.write_text(re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL), encoding="utf-8")


@contextmanager
def terminal(home: Path, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a command in a folder, with no variables but those of `env`."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not here (apt install tmux)")
    shown = Terminal(home / "tmux")
    words = ["env", "-i", *(f"{name}={value}" for name, value in env.items()), *command]
    size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
    shown.tmux("-f", os.devnull, "new-session", "-d", *size, "-c", str(folder), shlex.join(words))
    try:
        yield shown
    finally:
        shown.tmux("kill-server")
