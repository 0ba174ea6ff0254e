"""Which dump is to be open: the one that was asked for, that of the settings, or the newest of the workspace."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsprotocol import types

from pmat_lsp.server.dumps import newest_dump, newest_dump_in, stamp_of
from pmat_lsp.server.language_server import PmatServer
from pmat_lsp.server.loading import load_dump

POLL_SECONDS = 2.0
"""Between two looks at the disk, for clients that do not watch files."""
SETTLE_SECONDS = 0.5
"""A dump that has not changed for so long is taken for whole."""

_NO_DUMP = (
    "no dump found: no *.pmat in this workspace. Make one with: perl -MDevel::MAT::Dumper=-dump_at_END app.pl, "
    "or name one in the setting pmat.dump"
)


async def load_wanted(ls: PmatServer) -> bool:
    """Load the dump that is to be open, even if it is open already. Returns whether it is open now."""
    path = await _wanted(ls, thorough=True)
    if path is None:
        ls.log(types.MessageType.Info, _NO_DUMP)
        return False
    return await load_dump(ls, path)


async def load_if_changed(ls: PmatServer, *, thorough: bool) -> None:
    """Load the dump that is to be open if it is another one, or was written since it was tried last.

    A dump that vanished leaves everything as it is. `thorough` looks through all folders of the workspace.
    """
    if ls.state.watch.paused:
        return
    path = await _wanted(ls, thorough=thorough)
    while path is not None and not ls.state.watch.paused:
        stamp = await asyncio.to_thread(stamp_of, path)
        if stamp is None or ls.state.watch.tried.get(path) == stamp:
            return
        await asyncio.sleep(SETTLE_SECONDS)
        if await asyncio.to_thread(stamp_of, path) == stamp:
            if ls.state.watch.tried.get(path) != stamp:
                await load_dump(ls, path)
            return


async def poll(ls: PmatServer, *, watched: bool) -> None:
    """Look for new dumps until the task is cancelled.

    A client that watches files (`watched`) does so in the workspace alone; a dump outside of it is looked at all the
    same.
    """
    while True:
        await asyncio.sleep(POLL_SECONDS)
        if not watched or not _is_inside(ls):
            await load_if_changed(ls, thorough=False)


def _is_inside(ls: PmatServer) -> bool:
    """Whether the folders of the workspace hold the dump that is followed; True where there is none."""
    state = ls.state
    path = state.watch.chosen or state.settings.dump_path(state.folders)
    return path is None or any(path.is_relative_to(folder) for folder in state.folders)


async def _wanted(ls: PmatServer, *, thorough: bool) -> Path | None:
    state = ls.state
    named = state.watch.chosen or state.settings.dump_path(state.folders)
    if named is not None:
        return named
    if thorough:
        return await asyncio.to_thread(newest_dump, state.folders)
    beside = [state.dump_path.parent] if state.dump_path else []
    return await asyncio.to_thread(newest_dump_in, dict.fromkeys([*state.folders, *beside]))
