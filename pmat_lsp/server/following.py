"""Follows the disk: new dumps are loaded, and marks move with sources that change while no editor has them open.

A client that watches files does so in the workspace; elsewhere, and for any other client, the server does it itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.server import disk
from pmat_lsp.server.disk import Changes, FolderWatch, Unwatchable
from pmat_lsp.server.dumps import DEEPEST, folders_of_dumps, is_dump_name, stamp_of
from pmat_lsp.server.globs import Glob
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.publishing import refresh_later
from pmat_lsp.server.state import State
from pmat_lsp.server.threads import in_daemon_thread
from pmat_lsp.server.watching import load_if_changed
from pmat_lsp.source.files import PERL_SUFFIXES

POLL_SECONDS = 2.0
"""Between two looks at the disk, where folders cannot be watched."""
_REGISTERED = "pmat-files"
_DUMPS = ("**/*.pmat", "**/*.pmat.*")
"""Two globs: in one with a star at its end Eglot lets that stand for one character at least."""
_SOURCES = f"**/*.{{{','.join(sorted(suffix[1:] for suffix in PERL_SUFFIXES))}}}"


async def register_watchers(ls: PmatServer) -> bool:
    """Ask the client to watch files, in place of what it was asked before. Returns whether it does."""
    if not ls.state.client.watches_files:
        return False
    globs = ls.state.settings.globs(ls.state.folders)
    patterns = dict.fromkeys([*_DUMPS, _SOURCES, *(f"**/{glob.parts[-1]}" for glob in globs)])
    options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(pattern) for pattern in patterns])
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    if ls.state.watch.by_client:
        before = types.UnregistrationParams([types.Unregistration(_REGISTERED, method)])
        ls.client_unregister_capability(before)
    return await ls.ask_to_register(types.Registration(_REGISTERED, method, options))


async def follow(ls: PmatServer) -> None:
    """Follow the disk until the task is cancelled."""
    while True:
        if not await _follow(ls):
            # It has failed, and is begun anew, but not at once.
            await asyncio.sleep(POLL_SECONDS)


@guarded
async def _follow(ls: PmatServer) -> bool:
    """Follow the disk until other folders are to be watched."""
    folders = await in_daemon_thread(partial(_folders, ls.state))
    watch = FolderWatch(folders, ls.state.watch.signals) if folders else None
    try:
        await _until_other_folders(ls, folders)
    finally:
        if watch is not None:
            watch.stop()
    return True


async def _until_other_folders(ls: PmatServer, folders: Sequence[Path]) -> None:
    """Take what is told of the folders until others are to be watched; look by itself where nothing is told."""
    signals = ls.state.watch.signals
    told = True
    while True:
        try:
            signal = await asyncio.wait_for(signals.get(), None if told else POLL_SECONDS)
        except asyncio.TimeoutError:
            await _poll(ls)
            continue
        if isinstance(signal, Unwatchable):
            ls.log(types.MessageType.Log, f"folders are looked at every {POLL_SECONDS:g} s: {signal.reason}")
            told = False
            continue
        if signal is not None:
            await take_changes(ls, signal)
        may_be_others = signal is None or await in_daemon_thread(partial(_has_new_folder, signal))
        if may_be_others and folders != await in_daemon_thread(partial(_folders, ls.state)):
            return


def _has_new_folder(changes: Changes) -> bool:
    return any(other and path.is_dir() for path, other in changes.paths.items())


@guarded
async def take_changes(ls: PmatServer, changes: Changes) -> None:
    """Do what files that changed call for. No changes: folders are watched from now on."""
    state = ls.state
    # What is in it may have changed before it was watched.
    new_folder = not changes.paths or await in_daemon_thread(partial(_has_new_folder, changes))
    if new_folder or _may_be_dumps(state, changes.paths):
        state.start(_load_if_changed(ls, DEEPEST))
    sources = {path: other for path, other in changes.paths.items() if _is_source(state, path)}
    if sources or new_folder:
        state.changed_on_disk(other_files=new_folder or any(sources.values()))
        refresh_later(ls)


def _may_be_dumps(state: State, paths: Iterable[Path]) -> bool:
    """Whether one of the paths may be that of a dump."""
    named = {state.watch.chosen, state.settings.dump_path(state.folders)}
    names = {glob.parts[-1] for glob in state.settings.globs(state.folders)}
    return any(
        path in named or is_dump_name(path.name) or any(fnmatchcase(path.name, name) for name in names)
        for path in paths
    )


def _is_source(state: State, path: Path) -> bool:
    """Whether it is a source file, or a folder of some."""
    return path.suffix in PERL_SUFFIXES or any(marked.is_relative_to(path) for marked in state.watch.marked)


@guarded
async def _load_if_changed(ls: PmatServer, deepest: int) -> None:
    await load_if_changed(ls, deepest=deepest)


@guarded
async def _poll(ls: PmatServer) -> None:
    """See what a watcher would have told, as far as that is cheap."""
    ls.state.start(_load_if_changed(ls, deepest=0))
    marked = ls.state.watch.marked
    now = await in_daemon_thread(lambda: {path: stamp_of(path) for path in marked})
    if now != marked:
        await take_changes(ls, Changes({path: None in (now[path], marked[path]) for path in now}))


def _folders(state: State) -> list[Path]:
    """The folders to watch."""
    by_client = state.folders if state.watch.by_client else ()

    def is_ours(path: Path) -> bool:
        return not any(path.is_relative_to(folder) for folder in by_client)

    globs = [glob for glob in _globs(state) if is_ours(glob.base)]
    tops = [_existing(glob.base) for glob in globs]
    below = [] if disk.RECURSIVE else folders_of_dumps(globs)
    files = [state.dump_path, state.watch.chosen, state.settings.dump_path(state.folders), *state.watch.marked]
    beside = [_existing(path.parent) for path in files if path is not None and is_ours(path)]
    return sorted({*tops, *below, *beside})


def _globs(state: State) -> Iterable[Glob]:
    """Where dumps are looked for, and the folders with sources."""
    yield from state.settings.globs(state.folders)
    yield from (Glob(folder, ("**", "*")) for folder in state.folders)


def _existing(folder: Path) -> Path:
    """The folder, or where it will come to be."""
    return next((one for one in (folder, *folder.parents) if one.is_dir()), folder)
