"""Computes what hovers, counts and quick fixes ask for first, in pieces: nobody who asks meanwhile waits for long."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.heap import memory
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.late_features import GRACE_SECONDS
from pmat_lsp.server.state import OpenDump
from pmat_lsp.server.threads import in_daemon_thread
from pmat_lsp.source.marks import mark_finding

MOST_FINDINGS = 20
"""So many findings have their cures looked for before anybody asks."""


@guarded
async def prepare(ls: PmatServer) -> None:
    """For the dump that was just opened, and the texts that are open."""
    await asyncio.sleep(GRACE_SECONDS)
    ask = ls.state.ask
    # Their modules are imported when they are asked for.
    for name in BY_NAME:
        await ask(partial(_imported, name=name))
    for path in ls.state.texts.paths():
        for index in range(await ask(partial(_subs, path=path)) or 0):
            await ask(partial(_known, path=path, index=index))
    for index in range(await ask(lambda opened: len(opened.dump.leaks.report.findings[:MOST_FINDINGS])) or 0):
        await ask(partial(_captured, index=index))
        await ask(partial(_cures, index=index))
    await in_daemon_thread(memory.give_back)


def _imported(_opened: OpenDump, name: str) -> None:
    """Runs in the worker, as the others; between two of them text and dump may change."""
    _ = BY_NAME[name]


def _subs(opened: OpenDump, path: Path) -> int:
    source = opened.sites.source(path)
    return len(source.subs) if source is not None else 0


def _known(opened: OpenDump, path: Path, index: int) -> None:
    source = opened.sites.source(path)
    known = opened.sites.known(path, source, source.subs[index]) if source and index < len(source.subs) else None
    if known is not None:
        _ = known.facts.lexicals, known.facts.holders


def _captured(opened: OpenDump, index: int) -> None:
    for finding in opened.dump.leaks.report.findings[index : index + 1]:
        _ = opened.dump.cuts(finding).captured


def _cures(opened: OpenDump, index: int) -> None:
    for finding in opened.dump.leaks.report.findings[index : index + 1]:
        opened.dump.cures(mark_finding(opened.dump.places, finding))
