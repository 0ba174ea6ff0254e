"""From the first words with a client to the last: settings, the first dump, changes of either."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsprotocol import types

from pmat_lsp.heap.building import stand_down
from pmat_lsp.server.client import Client
from pmat_lsp.server.disk import Changes
from pmat_lsp.server.following import follow, register_watchers, take_changes
from pmat_lsp.server.language_server import LONGEST_WAIT, PmatServer, guarded
from pmat_lsp.server.late_features import import_features
from pmat_lsp.server.loading import show_front
from pmat_lsp.server.parent import leave_with_client
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.positions import Encoding
from pmat_lsp.server.publishing import refresh
from pmat_lsp.server.redraw import ask_again
from pmat_lsp.server.reports import register_documents
from pmat_lsp.server.settings import SECTION, ServerSettings, read_settings
from pmat_lsp.server.threads import in_daemon_thread
from pmat_lsp.server.watching import load_wanted


def register(ls: PmatServer) -> None:
    """Register the handlers."""
    ls.feature(types.INITIALIZE)(initialize)
    ls.feature(types.INITIALIZED)(initialized)
    ls.feature(types.SHUTDOWN)(shutdown)
    ls.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(did_change_configuration)
    ls.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(did_change_watched_files)
    ls.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(did_change_workspace_folders)


@guarded
async def initialize(ls: PmatServer, params: types.InitializeParams) -> None:
    """Note what the client can do, and its first settings."""
    ls.state.start(leave_with_client(ls))
    ls.protocol.trace = params.trace or types.TraceValue.Off
    name = params.client_info.name if params.client_info else ""
    ls.state.client = Client.of(params.capabilities, params.initialization_options, name)
    ls.take_up_offers(params.capabilities)
    ls.state.encoding = Encoding.of(ls.workspace.position_encoding)
    ls.state.folders = _folders(ls)
    _take_settings(ls, params.initialization_options)


@guarded
async def initialized(ls: PmatServer, _params: types.InitializedParams) -> None:
    """Begin, without keeping the client waiting."""
    ls.state.start(_begin(ls))


@guarded
async def _begin(ls: PmatServer) -> None:
    """Ask for the settings, load the dump, and follow both from now on."""
    before = ls.state.settings
    await _pull_settings(ls)
    # A client may have asked for a dump already.
    await _place_again(ls, before)
    _, ls.state.watch.by_client = await asyncio.gather(_register_for_settings(ls), register_watchers(ls))
    ls.state.start(follow(ls))
    await asyncio.gather(_look_again(ls), register_documents(ls))
    await in_daemon_thread(stand_down)
    await import_features(ls)


def shutdown(ls: PmatServer, _params: None) -> None:
    """End what is still at work. No coroutine: `exit` may follow at once, and must find this done."""
    ls.state.close()


@guarded
async def did_change_configuration(ls: PmatServer, params: types.DidChangeConfigurationParams) -> None:
    """The user changed a setting."""
    ls.state.start(_change_settings(ls, params.settings))


@guarded
async def _change_settings(ls: PmatServer, given: object) -> None:
    """Take the settings, and load or show anew what depends on those that changed."""
    before = ls.state.settings
    if not await _pull_settings(ls):
        _take_settings(ls, given)
    after = ls.state.settings
    ask_again(ls, before)
    await _place_again(ls, before)
    if (after.dump, after.dumps) != (before.dump, before.dumps):
        ls.state.watch.chosen = None
        ls.state.watch.by_client = await register_watchers(ls)
        ls.state.watch.stir()
        await _look_again(ls)


async def _place_again(ls: PmatServer, before: ServerSettings) -> None:
    """Show what depends on settings or folders as it is now."""
    moved = ls.state.place_again()
    if moved:
        await show_front(ls)
    elif ls.state.settings != before:
        await refresh(ls)


@guarded
async def did_change_watched_files(ls: PmatServer, params: types.DidChangeWatchedFilesParams) -> None:
    """Files were written, came or went."""
    told = ((path_of(change.uri), change.type != types.FileChangeType.Changed) for change in params.changes)
    await take_changes(ls, Changes({path: other for path, other in told if path is not None}))


@guarded
async def did_change_workspace_folders(ls: PmatServer, _params: types.DidChangeWorkspaceFoldersParams) -> None:
    """The folders are where sources and dumps are looked for."""
    ls.state.folders = _folders(ls)
    ls.state.watch.stir()
    ls.state.start(_move(ls))


@guarded
async def _move(ls: PmatServer) -> None:
    await _place_again(ls, ls.state.settings)
    await _look_again(ls)


@guarded
async def _look_again(ls: PmatServer) -> None:
    if not ls.state.watch.paused:
        await load_wanted(ls)


def _folders(ls: PmatServer) -> tuple[Path, ...]:
    """The folders of the workspace; for clients that know none, the root that they named."""
    paths = [path_of(folder.uri) for folder in ls.workspace.folders.values()]
    if not paths and ls.workspace.root_path:
        paths = [Path(ls.workspace.root_path)]
    return tuple(path for path in paths if path is not None)


def _take_settings(ls: PmatServer, given: object) -> None:
    ls.state.settings, problems = read_settings(given, ls.state.settings)
    for problem in problems:
        ls.log(types.MessageType.Warning, problem)


async def _pull_settings(ls: PmatServer) -> bool:
    """Ask the client for the settings. Returns False where it cannot be asked, or does not answer."""
    if not ls.state.client.configuration:
        return False
    params = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
    try:
        answers = await asyncio.wait_for(ls.workspace_configuration_async(params), LONGEST_WAIT)
    except Exception as error:
        ls.log(types.MessageType.Log, f"the client did not tell its settings: {error}")
        return False
    _take_settings(ls, next(iter(answers or ()), None))
    return True


async def _register_for_settings(ls: PmatServer) -> None:
    """Ask the client to tell of changes of the settings."""
    if not ls.state.client.configuration_registration:
        return
    options = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
    method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
    await ls.ask_to_register(types.Registration("pmat-configuration", method, options))
