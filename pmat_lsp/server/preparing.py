"""Computes what hovers, counts and quick fixes ask for first, in pieces: nobody who asks meanwhile waits for long."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from pmat_lsp.catalogue.questions import QUESTIONS
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.state import OpenDump

GRACE_SECONDS = 0.1
"""A client asks for much as soon as it hears of a dump: that goes first."""
MOST_FINDINGS = 20
"""So many findings have their cures looked for before anybody asks."""


@guarded
async def prepare(ls: PmatServer) -> None:
    """For the dump that was just opened, and the texts that are open."""
    await asyncio.sleep(GRACE_SECONDS)
    ask = ls.state.ask
    # Their modules are imported when they are asked for.
    await ask(lambda _: tuple(QUESTIONS))
    for path in ls.state.texts.paths():
        for index in range(await ask(partial(_subs, path=path)) or 0):
            await ask(partial(_known, path=path, index=index))
    for index in range(await ask(lambda opened: len(opened.dump.leaks.report.findings[:MOST_FINDINGS])) or 0):
        await ask(partial(_cures, index=index))


def _subs(opened: OpenDump, path: Path) -> int:
    """Runs in the worker, as the others; between two of them text and dump may change."""
    source = opened.sites.source(path)
    return len(source.subs) if source is not None else 0


def _known(opened: OpenDump, path: Path, index: int) -> None:
    source = opened.sites.source(path)
    if source is not None and index < len(source.subs):
        opened.sites.known(path, source, source.subs[index])


def _cures(opened: OpenDump, index: int) -> None:
    for marked in opened.dump.marked[index : index + 1]:
        opened.dump.cures(marked)
