"""The commands `pmat.load`, `pmat.reload` and `pmat.unload`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types

from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.loading import load_dump
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.publishing import clear
from pmat_lsp.server.watching import load_wanted

LOAD = "pmat.load"
RELOAD = "pmat.reload"
UNLOAD = "pmat.unload"


def register(ls: PmatServer) -> None:
    """Register the commands."""
    ls.command(LOAD)(load)
    ls.command(RELOAD)(reload)
    ls.command(UNLOAD)(unload)


@guarded
async def load(ls: PmatServer, *arguments: Any) -> bool:
    """Load the dump that the argument names (a path, a URI, or an object with one), and follow it from now on."""
    path = _path(arguments[0] if arguments else None, ls.state.folders)
    if path is None:
        ls.tell(types.MessageType.Error, f"{LOAD}: expected the path or the URI of a heap dump")
        return False
    ls.state.watch.paused = False
    if await load_dump(ls, path):
        ls.state.watch.chosen = path
        return True
    return False


@guarded
async def reload(ls: PmatServer, *_arguments: Any) -> bool:
    """Load the dump again that is to be open."""
    ls.state.watch.paused = False
    return await load_wanted(ls)


@guarded
async def unload(ls: PmatServer, *_arguments: Any) -> bool:
    """Close the dump and clear its diagnostics; none is loaded until one is asked for."""
    state = ls.state
    state.watch.paused = True
    state.watch.chosen = None
    if state.loading is not None:
        state.loading.cancel()
    state.install(None)
    clear(ls)
    return True


def _path(argument: object, folders: tuple[Path, ...]) -> Path | None:
    if isinstance(argument, Mapping):
        argument = next((argument[key] for key in ("uri", "fsPath", "path") if argument.get(key)), None)
    if not isinstance(argument, str) or not argument:
        return None
    path = path_of(argument) or Path(argument).expanduser()
    beside = [folder / path for folder in folders]
    return next((candidate for candidate in beside if candidate.exists()), path.absolute())
