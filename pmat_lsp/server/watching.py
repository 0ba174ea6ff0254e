"""Which dump is to be in front: the one that was asked for, that of the settings, or the newest of the globs."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.server.changes import choice_changed
from pmat_lsp.server.dumps import DEEPEST, Found, find_dumps, is_of_future, stamp_of
from pmat_lsp.server.language_server import PmatServer
from pmat_lsp.server.loading import load_dump, settled
from pmat_lsp.server.threads import in_daemon_thread

_logger = logging.getLogger(__name__)
_NO_DUMP = (
    "no dump found: none matches {globs}. Make one with: perl -MDevel::MAT::Dumper=-dump_at_END app.pl, "
    "or name one in the setting pmat.dump or pmat.dumps"
)


async def load_wanted(ls: PmatServer, *, anew: bool = False) -> bool:
    """Put the dump in front that is to be there; `anew`: read it even if it is open. Returns whether it is."""
    path = await _wanted(ls)
    if path is None:
        ls.log(types.MessageType.Info, _NO_DUMP.format(globs=" ".join(ls.state.settings.dumps) or "(nothing)"))
        return False
    return await load_dump(ls, path, anew=anew)


async def load_if_changed(ls: PmatServer, *, deepest: int = DEEPEST) -> None:
    """Load the dump that is to be in front if it is another one, or was written since it was tried last.

    A dump that vanished leaves everything as it is, and an older one never takes the place of a newer one. `deepest` is
    that of `find_dumps`.
    """
    state = ls.state
    if state.watch.paused:
        await _look(ls, deepest)
        return
    path = await _wanted(ls, deepest)
    while path is not None and not state.watch.paused:
        stamp = stamp_of(path)
        if stamp is None or state.watch.tried.get(path) == stamp or _is_older(ls, path, stamp[0]):
            return
        if await settled(path) != stamp:
            path = await _wanted(ls, deepest)
        elif state.watch.tried.get(path) != stamp:
            await load_dump(ls, path)
            return


def _is_older(ls: PmatServer, path: Path, changed: int) -> bool:
    """Whether a dump that nobody asked for is older than the one in front."""
    front = ls.state.dumps.front
    if front is None or front.stamp is None or _named(ls) is not None:
        return False
    return path != front.dump.path and changed < front.stamp[0] and not is_of_future(front.stamp)


def _named(ls: PmatServer) -> Path | None:
    """The dump that was asked for, or that of the settings."""
    return ls.state.watch.chosen or ls.state.settings.dump_path(ls.state.folders)


async def _wanted(ls: PmatServer, deepest: int = DEEPEST) -> Path | None:
    found = await _look(ls, deepest)
    # Asked for now: while the folders were looked through, the user may have chosen one.
    return _named(ls) or (found[0].path if found else None)


async def _look(ls: PmatServer, deepest: int) -> tuple[Found, ...]:
    """The dumps that the globs match; clients hear of it where they are others than before."""
    watch = ls.state.watch
    before = watch.found
    globs = ls.state.settings.globs(ls.state.folders)
    # Where only the first folders are looked at, what lies deeper is what it was.
    kept = tuple(one.path for one in before) if deepest < DEEPEST else ()
    watch.found = await in_daemon_thread(partial(find_dumps, globs, deepest=deepest, kept=kept))
    if [one.path for one in watch.found] != [one.path for one in before]:
        choice_changed(ls)
    return watch.found
