"""A real leak, as an editor shows it: the demo program, a server, and an editor that says what it sees."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from importlib.resources import as_file, files
from pathlib import Path

from rich.text import Text

from pmat_lsp.cli.editor import PATIENCE_SECONDS, Editor, ShownDiagnostic, open_editor
from pmat_lsp.cli.output import show
from pmat_lsp.cli.screen import Hover, diagnostic_text, hovers_text
from pmat_lsp.errors import PmatError
from pmat_lsp.format.container import read_dump

_DUMP = "courier.pmat"
_HEADING = "bold"
_NEOVIM = """\
  Neovim 0.11 or newer: put this into init.lua, then start `nvim {file}` in the folder
    vim.lsp.config('pmat', {{
      cmd = {{ {command}, 'serve' }},
      filetypes = {{ 'perl' }},
      root_markers = {{ '{dump}', '.git' }},
    }})
    vim.lsp.enable('pmat')
    vim.diagnostic.config({{ virtual_lines = true }})
"""
_VS_CODE = """\
  VS Code: `make vsix` in the checkout builds the extension, `code --install-extension editors/vscode/pmat.vsix`
  installs it; put this into your settings, then `code .` in the folder
    {settings}
"""


def demonstrate(folder: Path) -> None:
    """Put the demo into a folder, and print what an editor would show of it.

    Raises:
        PmatError: the folder cannot be written, or the server does not answer.
    """
    put_demo(folder)
    show(_introduction(folder))
    leaks, hovers = asyncio.run(_look(folder))
    show(_told("What the editor shows:"))
    for leak in leaks:
        show(diagnostic_text(leak, folder).append("\n"))
    show(_told("What pops up under the mouse:").append_text(hovers_text(hovers, folder)))
    show(_setup(folder, leaks))


def put_demo(folder: Path) -> None:
    """Copy the program and its unpacked dump into `folder`; what is there already is left as it is.

    Raises:
        PmatError: it cannot be written.
    """
    try:
        with as_file(files("pmat_lsp") / "demo") as demo:
            program = demo / "program"
            for source in sorted(path for path in program.rglob("*") if path.is_file()):
                _put(folder / source.relative_to(program), source.read_bytes())
            _put(folder / _DUMP, read_dump(demo / f"{_DUMP}.xz"))
    except OSError as error:
        raise PmatError(f"{error.filename or folder}: {error.strerror or error}", "Name another folder.") from error


def _put(path: Path, content: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


async def _look(folder: Path) -> tuple[tuple[ShownDiagnostic, ...], list[Hover]]:
    """Open the sources, wait for the leaks, and rest the mouse on each closure and each variable that it captures."""
    async with open_editor(folder) as editor:
        for path in sorted(folder.rglob("*.p[lm]")):
            editor.open_file(path)
        leaks = await asyncio.wait_for(editor.leaks(), PATIENCE_SECONDS)
        return leaks, [hover for leak in leaks for hover in await _hovers(editor, leak)]


async def _hovers(editor: Editor, leak: ShownDiagnostic) -> list[Hover]:
    captured = [one for one in leak.related if one.path == leak.place.path and "captured" in one.text]
    hovers = []
    for place in (leak.place, *captured[:1]):
        text = await editor.hover(place.path, place.range.start)
        if text:
            hovers.append(Hover(place.path, place.range, text))
    return hovers


def _introduction(folder: Path) -> Text:
    return Text.assemble(
        "A small asynchronous HTTP client ran out of file handles, and wrote its heap into a dump before it died.\n",
        f"The program and the dump are in {folder}. The language server was started there, as an editor does it.\n\n",
    )


def _told(heading: str) -> Text:
    return Text.assemble((f"{heading}\n\n", _HEADING))


def _setup(folder: Path, leaks: tuple[ShownDiagnostic, ...]) -> Text:
    """How to see the same in a real editor."""
    command = _own_command()
    file = leaks[0].place.path.relative_to(folder)
    settings = {"pmat.server.path": command}
    return Text.assemble(
        ("See it in your editor:\n\n", _HEADING),
        f"  cd {shlex.quote(str(folder))}\n\n",
        _NEOVIM.format(file=file, command=f"'{command}'", dump=_DUMP),
        "\n",
        _VS_CODE.format(settings=json.dumps(settings)),
        ("\nOr read the report:\n\n", _HEADING),
        f"  cd {shlex.quote(str(folder))} && {shlex.quote(command)} leaks {_DUMP}\n",
    )


def _own_command() -> str:
    """The program that an editor is to start: beside the Python that runs, else as it is found on the path."""
    beside = Path(sys.executable).parent / "pmat-lsp"
    return str(beside) if beside.exists() else "pmat-lsp"
